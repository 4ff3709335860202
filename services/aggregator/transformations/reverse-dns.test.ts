import { LOOKUPS, reverseDns } from './reverse-dns';

/** Milliseconds, for what is not about waiting. */
const LONG = 60_000;

const failing = (code: string): Promise<string[]> => Promise.reject(Object.assign(new Error(code), { code }));

test('names come for addresses, and nothing is asked for other keys', async () => {
  const asked: string[] = [];
  const dns = reverseDns({
    reverse: (address) => {
      asked.push(address);
      return Promise.resolve([`host-${address}`]);
    },
  });
  expect(
    Object.fromEntries(
      await dns.explain(['192.0.2.1', '2001:db8::1', '(other)', '', '1.2.3', '__proto__'], LONG),
    ),
  ).toEqual({
    '192.0.2.1': ['host-192.0.2.1'],
    '2001:db8::1': ['host-2001:db8::1'],
  });
  expect(asked).toEqual(['192.0.2.1', '2001:db8::1']);
});

test.each(['ENOTFOUND', 'ENODATA', 'ETIMEOUT', 'ESERVFAIL'])(
  'an answer is cached, also a negative one (%s), so that no address is looked up twice',
  async (code) => {
    let asked = 0;
    const dns = reverseDns({
      reverse: () => {
        asked++;
        return failing(code);
      },
    });
    expect((await dns.explain(['192.0.2.1'], LONG)).size).toBe(0);
    expect((await dns.explain(['192.0.2.1'], LONG)).size).toBe(0);
    expect(asked).toBe(1);
  },
);

test('a slow resolver delays a request only briefly, and its answer is there the next time', async () => {
  let answer: (names: string[]) => void = () => undefined;
  const dns = reverseDns({ reverse: () => new Promise((resolve) => (answer = resolve)) });
  const began = performance.now();
  expect((await dns.explain(['192.0.2.1'], 20)).size).toBe(0);
  expect(performance.now() - began).toBeLessThan(1000);
  const again = dns.explain(['192.0.2.1'], LONG);
  answer(['late.example']);
  expect((await again).get('192.0.2.1')).toEqual(['late.example']);
});

test('without waiting, names are looked up for the next time', async () => {
  const dns = reverseDns({ reverse: () => Promise.resolve(['soon.example']) });
  expect((await dns.explain(['192.0.2.1'], 0)).size).toBe(0);
  expect((await dns.explain(['192.0.2.1'], LONG)).get('192.0.2.1')).toEqual(['soon.example']);
});

test('lookups run up to the limit; the others start as they end', async () => {
  const open: (() => void)[] = [];
  const reverse = (): Promise<string[]> =>
    new Promise((resolve) =>
      open.push(() => {
        resolve(['x']);
      }),
    );
  const dns = reverseDns({ reverse });
  const addresses = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`);
  const all = dns.explain(addresses, LONG);
  expect(open).toHaveLength(LOOKUPS);
  for (const done of open.splice(0)) done();
  while (open.length < 100 - LOOKUPS) await new Promise(setImmediate);
  for (const done of open) done();
  expect((await all).size).toBe(100);
});
