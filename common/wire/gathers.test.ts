import { LIMITS } from '../service/limits';
import { digestOf } from './digest';
import { changes, Gathers, GathersCopy } from './gathers';
import type { Body, GatherItem } from './message';

const item = (id: string, text = ''): GatherItem => ({
  instrumentation: {
    id,
    module: 'a',
    stat: 'b',
    predicate: text === '' ? {} : { eq: ['x', text] },
    decomposition: [],
    fields: {},
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 0,
    persistData: false,
    enabled: true,
    crtime: 0,
  },
});
const travelled = (messages: readonly Body<'gathers'>[]): Body<'gathers'>[] =>
  JSON.parse(JSON.stringify(messages)) as Body<'gathers'>[];
const takeAll = (copy: GathersCopy, messages: readonly Body<'gathers'>[]): string[] =>
  travelled(messages).map((message) => copy.take(message));

test('a digest depends on the content, not on the order of insertion', () => {
  expect(digestOf({ a: 1, b: { c: 2, d: [1, 2] } })).toBe(digestOf({ b: { d: [1, 2], c: 2 }, a: 1 }));
  expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
  expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  const [x, y] = [item('1'), item('2')];
  expect(Gathers.EMPTY.with([x, y], []).digest).toBe(Gathers.EMPTY.with([y], []).with([x], []).digest);
});

test('copies follow any sequence of changes', () => {
  const copy = new GathersCopy();
  let document = Gathers.EMPTY;
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let step = 0; step < 200; step++) {
    const put = Array.from({ length: random(3) }, () => item(String(1 + random(9)), `t${random(4)}`));
    const next = document.with(put, [`global;${1 + random(9)}`]);
    takeAll(copy, changes(document, next));
    expect(copy.document.digest).toBe(next.digest);
    document = next;
  }
  const late = new GathersCopy();
  takeAll(late, changes(undefined, document));
  expect([...late.document.items.keys()].sort()).toEqual([...document.items.keys()].sort());
});

test('a change of another document, or one whose result has another digest, is reported and changes nothing', () => {
  const copy = new GathersCopy();
  const one = Gathers.EMPTY.with([item('1')], []);
  const [missed] = travelled(changes(one, one.with([item('2')], [])));
  expect(copy.take(missed!)).toBe('differs');
  const [damaged] = travelled(changes(undefined, one));
  expect(copy.take({ ...damaged!, put: [item('3')] })).toBe('differs');
  expect(copy.document).toBe(Gathers.EMPTY);
  expect(takeAll(copy, changes(undefined, one))).toEqual(['new']);
  expect(takeAll(copy, changes(undefined, one))).toEqual(['same']);
});

test('a document larger than a message is sent in parts, and applies when all have come', () => {
  const large = Gathers.EMPTY.with(
    Array.from({ length: 100 }, (_, i) => item(String(i + 1), 'x'.repeat(60_000))),
    [],
  );
  const parts = changes(undefined, large);
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(LIMITS.messageBytes);
  const copy = new GathersCopy();
  const [first, ...others] = parts;
  takeAll(copy, [first!]);
  expect(copy.document).toBe(Gathers.EMPTY);
  // Another document came in between: the remaining parts of the first no longer apply.
  takeAll(copy, changes(undefined, Gathers.EMPTY.with([item('1')], [])));
  expect(takeAll(copy, others)[0]).toBe('differs');
  expect(takeAll(copy, parts).at(-1)).toBe('new');
  expect(copy.document.digest).toBe(large.digest);
});
