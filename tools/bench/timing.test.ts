import { cpuMsOf, quantiles, repeat, rssMbOf } from './timing';

test('quantiles are values that occurred: the smallest that so many percent do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantiles(hundred)).toEqual({ p50: 50, p99: 99 });
  expect(quantiles([7])).toEqual({ p50: 7, p99: 7 });
  expect(quantiles([3, 1])).toEqual({ p50: 1, p99: 3 });
  expect(quantiles([])).toEqual({ p50: NaN, p99: NaN });
});

test('work is repeated at least so many times, whatever it takes', () => {
  const rounds: number[] = [];
  expect(repeat(0, (round) => rounds.push(round), 3)).toHaveLength(3);
  expect(rounds).toEqual([0, 1, 2]);
});

test('a process’s CPU time and memory come from the kernel; a process that is gone has none', () => {
  expect(cpuMsOf(process.pid)).toBeGreaterThan(0);
  const { rss } = process.memoryUsage();
  expect(rssMbOf(process.pid) / (rss / 2 ** 20)).toBeCloseTo(1, 0);
  expect(cpuMsOf(2 ** 22 + 1)).toBeNaN();
});
