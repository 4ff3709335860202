import { Allowance } from './allowance';

test('each sender has its own burst and rate; none uses up another’s', () => {
  const clock = { time: 1000, now: () => clock.time };
  const allowance = new Allowance({ clock, perSecond: 2, burst: 3 });
  const takes = (who: string, times: number): number =>
    Array.from({ length: times }, () => allowance.take(who)).filter(Boolean).length;
  expect(takes('a', 10)).toBe(3);
  expect(takes('b', 10)).toBe(3);
  clock.time += 1000;
  expect(takes('a', 10)).toBe(2);
  clock.time += 3_600_000;
  expect(takes('a', 10)).toBe(3);
  clock.time -= 3_600_000; // set back
  expect(takes('a', 10)).toBe(0);
});
