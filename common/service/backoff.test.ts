import { Backoff, jittered, waitAfter } from './backoff';

test('each wait is twice the one before, up to the bound, and resets after a success', () => {
  const backoff = new Backoff({ first: 100, most: 500 });
  const waits = (n: number): number[] => Array.from({ length: n }, () => backoff.failed());
  expect(waits(5)).toEqual([100, 200, 400, 500, 500]);
  expect(backoff.failures).toBe(5);
  backoff.succeeded();
  expect([backoff.failures, ...waits(2)]).toEqual([0, 100, 200]);
});

test('after very many failures the wait is the bound', () => {
  expect(waitAfter(1_000_000, { first: 1, most: 60 })).toBe(60);
});

test('a jittered wait is between half and all of the wait', () => {
  for (let i = 0; i < 100; i++) {
    const wait = jittered(1000);
    expect(wait >= 500 && wait <= 1000).toBe(true);
  }
});
