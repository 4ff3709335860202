import fc from 'fast-check';
import { Limiter, type Shares } from './limiter';

/** Waiters left at the end of a test are aborted. */
const clients: AbortController[] = [];
const someone = (): AbortSignal => {
  const client = new AbortController();
  clients.push(client);
  return client.signal;
};
afterEach(() => {
  for (const client of clients.splice(0)) client.abort();
});
const on = (...names: string[]): Shares => names.map((name) => ({ name, perFree: 1 }));
const queue = (atATime: number, waiting: number): Limiter =>
  new Limiter({ atATime, waiting, waitMs: 60_000 });

/** Enters at once, or waits; the returned object shows which. */
function come(line: Limiter, ...shares: string[]): { state: 'waiting' | 'in' | 'refused' } {
  const one: ReturnType<typeof come> = { state: 'waiting' };
  line.enter({ gone: someone(), shares: on(...shares) }).then(
    () => (one.state = 'in'),
    () => (one.state = 'refused'),
  );
  return one;
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one share alone gets half of the places and half of the queue', async () => {
  const line = queue(8, 4);
  const all = Array.from({ length: 20 }, () => come(line, 'flood'));
  await settled();
  expect([line.running, line.waiting]).toEqual([4, 2]);
  expect(all.map(({ state }) => state)).toEqual([
    ...Array<string>(4).fill('in'),
    ...Array<string>(2).fill('waiting'),
    ...Array<string>(14).fill('refused'),
  ]);
  expect(line.full).toBe(false);
});

test('waiters of one share enter in order of arrival', async () => {
  const line = queue(4, 8);
  const order: number[] = [];
  for (let i = 0; i < 5; i++) void line.enter({ gone: someone(), shares: on('a') }).then(() => order.push(i));
  await settled();
  for (let i = 0; i < 3; i++) {
    line.leave(on('a'));
    await settled();
  }
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

test('another share finds room, however many wait for the first', async () => {
  const line = queue(8, 4);
  for (let i = 0; i < 1000; i++) come(line, 'flood');
  const others = ['a', 'b'].map((share) => come(line, share));
  await settled();
  expect(others).toEqual([{ state: 'in' }, { state: 'in' }]);
});

test('a share may be limited to a part of what is free: the rest stays for other shares of the same client', async () => {
  const line = queue(12, 6);
  const shares = [{ name: 'question', perFree: 0.5 }, ...on('client')];
  for (let i = 0; i < 100; i++) line.enter({ gone: someone(), shares }).catch(() => undefined);
  const other = come(line, 'client');
  await settled();
  expect([line.running, line.waiting, other.state]).toEqual([5, 2, 'in']);
});

test('with two shares, both must have room: a client of many things gets no more than a client of one', async () => {
  const line = queue(8, 4);
  for (let i = 0; i < 1000; i++) come(line, `question ${i}`, 'greedy');
  const other = come(line, 'question 7', 'modest');
  await settled();
  expect([line.running, line.waiting, other.state]).toEqual([5, 2, 'in']);
});

test('a free place goes to the longest waiter whose share has room', async () => {
  const line = queue(4, 8);
  come(line, 'a');
  come(line, 'a');
  const third = come(line, 'a');
  come(line, 'b');
  const second = come(line, 'b');
  await settled();
  expect([line.running, line.waiting]).toEqual([3, 2]);
  line.leave(on('b'));
  await settled();
  expect([third.state, second.state]).toEqual(['waiting', 'in']);
  line.leave(on('a'));
  await settled();
  expect([third.state, line.running, line.waiting]).toEqual(['in', 3, 0]);
});

test('a waiter that times out or goes away leaves the queue', async () => {
  jest.useFakeTimers();
  const line = new Limiter({ atATime: 2, waiting: 4, waitMs: 100, late: 'busy' });
  void line.enter({ gone: someone(), shares: on('a') });
  const away = new AbortController();
  const left = line.enter({ gone: away.signal, shares: on('a') }).catch((error: Error) => error.message);
  const late = line.enter({ gone: someone(), shares: on('a') }).catch((error: Error) => error.message);
  expect(line.waiting).toBe(2);
  away.abort();
  expect(await left).toContain('went away');
  jest.advanceTimersByTime(100);
  jest.useRealTimers();
  expect(await late).toContain('busy');
  expect([line.running, line.waiting]).toEqual([1, 0]);
});

test('in any sequence only waiters whose share has no room wait, and nothing is left at the end', async () => {
  const step = fc.record({ share: fc.constantFrom('a', 'b', 'c', 'd'), leaves: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 60 }),
      async (width, steps) => {
        const line = queue(width, 5);
        const [inside, waiting] = [new Map<string, number>(), new Map<string, number>()];
        const add = (to: Map<string, number>, share: string, by: number): void =>
          void to.set(share, (to.get(share) ?? 0) + by);
        const sum = (of: Map<string, number>): number => [...of.values()].reduce((a, b) => a + b, 0);
        for (const { share, leaves } of steps) {
          if (leaves && (inside.get(share) ?? 0) > 0) {
            add(inside, share, -1);
            line.leave(on(share));
          } else {
            add(waiting, share, 1);
            line.enter({ gone: someone(), shares: on(share) }).then(
              () => {
                add(waiting, share, -1);
                add(inside, share, 1);
              },
              () => {
                add(waiting, share, -1);
              },
            );
          }
          await settled();
          expect([line.running, line.waiting]).toEqual([sum(inside), sum(waiting)]);
          expect(line.running).toBeLessThanOrEqual(width);
          expect(line.waiting).toBeLessThanOrEqual(5);
          for (const [who, count] of waiting)
            if (count > 0) expect(inside.get(who) ?? 0).toBeGreaterThanOrEqual(width - line.running);
        }
        while (sum(inside) + sum(waiting) > 0) {
          expect(sum(inside)).toBeGreaterThan(0);
          for (const [share, held] of inside) {
            if (held === 0) continue;
            add(inside, share, -1);
            line.leave(on(share));
          }
          await settled();
        }
        expect([line.running, line.waiting]).toEqual([0, 0]);
      },
    ),
    { numRuns: 100 },
  );
});
