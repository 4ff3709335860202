import { KeyColours, seriesOf } from './panel-keys.ts';
import { EMPTY } from '../model/slice.ts';
import { newPanel } from '../model/url-state.ts';

const ALL = { ...newPanel('1'), mode: 'all' as const };
const GRAPH = newPanel('2');

const coloursOf = (colours: KeyColours, keys: readonly string[]) =>
  keys.map((key) => colours.cssOf(key, 'light'));

test('two keys that swap ranks keep their colours, in a heatmap and in a graph', () => {
  const colours = new KeyColours();
  colours.choose(ALL, [
    ['a', 9],
    ['b', 5],
  ]);
  const before = coloursOf(colours, ['a', 'b']);
  colours.choose(ALL, [
    ['b', 9],
    ['a', 5],
  ]);
  expect(coloursOf(colours, ['a', 'b'])).toEqual(before);

  const graph = new KeyColours();
  const view = (keys: readonly (readonly [string, number])[]) => ({ discrete: 'f', keys, all: EMPTY });
  const first = seriesOf(GRAPH, view([['a', 9], ['b', 5]]), graph, 'dark'); // prettier-ignore
  const second = seriesOf(GRAPH, view([['b', 9], ['a', 5]]), graph, 'dark'); // prettier-ignore
  expect(second).toHaveLength(2);
  expect(new Map(second.map(({ name, colour }) => [name, colour]))).toEqual(
    new Map(first.map(({ name, colour }) => [name, colour])),
  );
});

test('a held picture has the same colours for everybody, whatever they saw before', () => {
  const held = { ...ALL, end: 100 };
  const totals = [
    ['b', 9],
    ['a', 5],
  ] as const;
  const one = new KeyColours();
  one.choose(ALL, [
    ['a', 9],
    ['b', 5],
  ]);
  one.choose(held, totals);
  const other = new KeyColours();
  other.choose(held, totals);
  expect(coloursOf(one, ['a', 'b'])).toEqual(coloursOf(other, ['a', 'b']));
});
