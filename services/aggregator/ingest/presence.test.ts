import fc from 'fast-check';
import { Presence } from './presence';

const make = (capacity = 50, nodeLimit = 1000): Presence =>
  new Presence({ periodSeconds: 1, capacity, nodeLimit });

test('marks are those of a set of (node, second), for any number of nodes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1000, max: 1049 })), {
        maxLength: 300,
      }),
      (reports) => {
        const presence = make();
        const seen = new Set<string>();
        for (const [node, second] of reports) {
          const expected = seen.has(`${node} ${second}`) ? 'again' : 'first';
          expect(presence.mark(`n${node}`, second)).toBe(expected);
          seen.add(`${node} ${second}`);
        }
        for (let second = 1000; second < 1050; second++) {
          const nodes = new Set(reports.filter(([, s]) => s === second).map(([n]) => n));
          expect(presence.reporting(second)).toBe(nodes.size);
          // One expectation per second, not per node: 300,000 of them took 17 s.
          const wrong = Array.from({ length: 201 }, (_, n) => n).filter(
            (n) => presence.has(`n${n}`, second) !== nodes.has(n),
          );
          expect(wrong).toEqual([]);
        }
      },
    ),
    { seed: 20_110_405, numRuns: 30 },
  );
});

test('a newer period takes over its place in the ring, and the older one is then too old', () => {
  const presence = make(10);
  presence.mark('a', 5);
  expect(presence.mark('a', 15)).toBe('first');
  expect(presence.mark('a', 5)).toBe('tooOld');
  expect([presence.reporting(5), presence.reporting(15)]).toEqual([0, 1]);
});

test.each([20, 50, 500])(
  'another capacity (%d) keeps the marks that fit, and still knows the nodes',
  (capacity) => {
    const presence = make(50);
    for (let s = 1000; s < 1050; s++)
      for (let n = 0; n < 100; n++) if ((s * n) % 3 > 0) presence.mark(`n${n}`, s);
    const other = presence.resized(capacity);
    for (let s = 1050 - Math.min(capacity, 50); s < 1050; s++) {
      expect(other.reporting(s)).toBe(presence.reporting(s));
      for (let n = 0; n < 100; n++) expect(other.has(`n${n}`, s)).toBe((s * n) % 3 > 0);
    }
    expect(other.mark('n1', 1049)).toBe('again');
    expect(other.mark('new', 1049)).toBe('first');
  },
);

test('nodes beyond the limit are refused until others have been gone for the whole ring', () => {
  const presence = make(10, 2);
  expect([presence.mark('a', 100), presence.mark('b', 100), presence.mark('c', 100)]).toEqual([
    'first',
    'first',
    'tooMany',
  ]);
  presence.mark('b', 105);
  presence.sweep(112);
  expect(presence.nodes).toBe(1);
  expect(presence.mark('c', 112)).toBe('first');
  expect([presence.has('a', 112), presence.has('b', 105), presence.has('c', 112)]).toEqual([
    false,
    true,
    true,
  ]);
});

test('10,000 nodes over an hour change capacity quickly', () => {
  const presence = new Presence({ periodSeconds: 1, capacity: 3664, nodeLimit: 100_000 });
  for (let n = 0; n < 10_000; n++) presence.mark(`n${n}`, 1000 + (n % 3000));
  const began = process.cpuUsage();
  presence.resized(664);
  expect(process.cpuUsage(began).user).toBeLessThan(500_000);
});
