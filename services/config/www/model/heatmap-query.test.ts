import { heatmapQuery } from './heatmap-query.ts';

const AXIS = { kind: 'linear', min: 0, max: 1200 } as const;
const query = (mode: 'highlight' | 'isolate' | 'exclude' | 'all', keys: string[]): Record<string, string> =>
  Object.fromEntries(heatmapQuery({ coloring: 'log', mode }, keys, AXIS, 1000, 60, 1));

test('a picture is asked for with one pixel per cell, on the page’s own axis', () => {
  expect(query('highlight', [])).toEqual({
    start_time: '1000',
    duration: '60',
    width: '60',
    height: '100',
    nbuckets: '100',
    ymin: '0',
    ymax: '1200',
    coloring: 'log',
    timeout: '0',
    hues: '[24]',
  });
});

test('a key with a comma is one key', () => {
  expect(JSON.parse(query('highlight', ['a,b', 'c'])['selected'] ?? '')).toEqual(['a,b', 'c']);
});

test('one hue per key, and one for everything else unless it is left out', () => {
  const hues = (mode: 'highlight' | 'isolate' | 'exclude' | 'all'): unknown =>
    JSON.parse(query(mode, ['a', 'b'])['hues'] ?? '');
  expect(hues('highlight')).toEqual([24, 214, 168]);
  expect(hues('isolate')).toEqual([214, 168]);
  expect(hues('exclude')).toEqual([24, 214, 168]);
  expect(hues('all')).toEqual([24, 214, 168]);
});

test('isolating and excluding are said, highlighting is not', () => {
  expect(query('isolate', ['a'])).toMatchObject({ isolate: 'true' });
  expect(query('exclude', ['a'])).toMatchObject({ exclude: 'true' });
  expect(query('isolate', [])).not.toHaveProperty('isolate');
});
