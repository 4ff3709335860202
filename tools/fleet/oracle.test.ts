import { isDistribution } from '../../common/model/distribution';
import { gridOfInstrumentation, reportSeconds } from '../../common/model/instrumentation';
import { totalOf } from '../../common/model/value';
import { ask } from '../../services/instrumenter/testing/fakes';
import { Oracle } from './oracle';

const SECOND = 1_700_000_000;
const oracle = new Oracle({ seed: 1, buckets: 40, keys: 5, loss: 0.1 });

const questions = [
  ask('syscall.syscalls'),
  ask('syscall.syscalls', ['latency'], { id: '2' }),
  ask('syscall.syscalls', ['execname'], { id: '3' }),
  ask('syscall.syscalls', ['execname', 'latency'], { id: '4' }),
  ask('cpu.cpus', ['utilization'], { id: '5' }),
  ask('syscall.syscalls', ['latency'], { id: '6', granularity: 10 }),
];

test.each(questions)('every value has exactly the total that was foretold (%#)', (question) => {
  for (let second = SECOND; second < SECOND + 100; second += 5) {
    const covered = question.valueScope === 'point' ? 1 : reportSeconds(question.granularity);
    const seconds = Array.from({ length: covered }, (_, i) => second + i);
    const foretold = seconds.reduce((sum, s) => sum + oracle.totalIn('sim7', s), 0);
    const value = oracle.value(question, 'sim7', second);
    expect(totalOf(value)).toBe(foretold);
    const parts =
      value.shape === 'distribution'
        ? [value.distribution]
        : value.shape === 'keyed-distribution'
          ? [...value.distributions.values()]
          : [];
    for (const d of parts) expect(isDistribution(d, gridOfInstrumentation(question))).toBe(true);
  }
});

test('distributions have as many buckets as asked for, values as many keys', () => {
  const value = oracle.value(ask('syscall.syscalls', ['execname', 'latency']), 'sim1', SECOND);
  if (value.shape !== 'keyed-distribution') throw new Error(value.shape);
  expect([...value.distributions.values()].map((d) => d.length)).toEqual(Array(5).fill(80));
});

test('many keys and few events give smaller distributions, with the same total', () => {
  const wide = new Oracle({ seed: 1, buckets: 40, keys: 1000, loss: 0 });
  const value = wide.value(ask('syscall.syscalls', ['execname', 'latency']), 'sim1', SECOND);
  expect(totalOf(value)).toBe(wide.totalIn('sim1', SECOND));
});

test('about the asked share of messages is lost, always the same ones', () => {
  const lost = (o: Oracle): number[] =>
    Array.from({ length: 2000 }, (_, i) => SECOND + i).filter((s) => o.isLost('sim1', s));
  expect(lost(oracle).length / 2000).toBeCloseTo(0.1, 1);
  expect(lost(new Oracle({ seed: 1, buckets: 4, keys: 1, loss: 0.1 }))).toEqual(lost(oracle));
  expect(lost(new Oracle({ seed: 1, buckets: 4, keys: 1, loss: 0 }))).toEqual([]);
});
