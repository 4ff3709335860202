import { AfterBurst, collectGarbage } from './collect-garbage';

test('after a burst and a quiet period, garbage is collected once', () => {
  let [count, collections] = [0, 0];
  const after = new AfterBurst(
    () => count,
    () => collections++,
  );
  const pass = (seconds: number, perSecond: number): number => {
    for (let s = 0; s < seconds; s++) {
      count += perSecond;
      after.tick();
    }
    return collections;
  };
  expect(pass(100, 10)).toBe(0);
  expect(pass(5, 5000)).toBe(0);
  expect(pass(14, 10)).toBe(0);
  // Not during a burst.
  expect(pass(5, 5000)).toBe(0);
  expect(pass(15, 10)).toBe(1);
  expect(pass(100, 10)).toBe(1);
  expect(pass(1, 100)).toBe(1);
  expect(pass(15, 99)).toBe(2);
});

test('garbage is collected', () => {
  let kept: number[][] | undefined = Array.from({ length: 200 }, () => new Array<number>(10_000).fill(1.5));
  const before = process.memoryUsage().heapUsed;
  expect(kept).toHaveLength(200);
  kept = undefined;
  collectGarbage();
  expect(process.memoryUsage().heapUsed).toBeLessThan(before - 8_000_000);
});
