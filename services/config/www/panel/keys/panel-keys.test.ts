import { keyColour, LineKeys, seriesOf } from './panel-keys.ts';
import { newPanel } from '../../model/url-state.ts';

const GRAPH = newPanel('2');
const view = (keys: readonly (readonly [string, number])[]) => ({ discrete: 'f', keys });

test('two keys that swap ranks keep their colours and their lines', () => {
  const lines = new LineKeys();
  const first = seriesOf(GRAPH, view([['a', 9], ['b', 5]]), lines, 'dark'); // prettier-ignore
  const second = seriesOf(GRAPH, view([['b', 9], ['a', 5]]), lines, 'dark'); // prettier-ignore
  expect(second).toHaveLength(2);
  expect(second.map(({ name, colour }) => [name, colour])).toEqual(
    first.map(({ name, colour }) => [name, colour]),
  );
});

test('a key has the same colour for everybody, whatever else is shown', () => {
  const [alone] = seriesOf(GRAPH, view([['a', 1]]), new LineKeys(), 'light');
  const among = seriesOf({ ...GRAPH, keys: ['z', 'a'] }, view([['z', 9], ['a', 1]]), new LineKeys(), 'light'); // prettier-ignore
  expect(among.find(({ name }) => name === 'a')?.colour).toBe(alone?.colour);
  expect(alone?.colour).toBe(keyColour('a', 'light'));
});

test('of two lines that look alike the second one is dashed, and is so in every order', () => {
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  const twins = keys.map((key) => keyColour(key, 'light'));
  const at = twins.findIndex((colour, i) => twins.indexOf(colour) < i);
  const [a, b] = [keys[twins.indexOf(twins[at] ?? '')] ?? '', keys[at] ?? ''];
  for (const order of [
    [a, b],
    [b, a],
  ]) {
    // prettier-ignore
    const lines = seriesOf({ ...GRAPH, keys: order }, view([[a, 1], [b, 2]]), new LineKeys(), 'light'); // prettier-ignore
    const marks = new Map(lines.map(({ name, mark }) => [name, mark]));
    expect([...marks.values()].filter((mark) => mark !== undefined)).toEqual([1]);
    expect(marks.get([a, b].sort()[1] ?? '')).toBe(1);
  }
});

test('a held graph has the same lines for everybody, whatever they saw before', () => {
  const many = Array.from({ length: 30 }, (_, i) => [`k${i}`, 30 - i] as const);
  const held = { ...GRAPH, end: 100 };
  const one = new LineKeys();
  one.choose(GRAPH, [...many].reverse());
  expect(one.choose(held, many)).toEqual(new LineKeys().choose(held, many));
});
