import { LOG_GRID } from '../../../../../common/model/bucket.ts';
import { edgeOf, linearAxis, logAxis } from '../../../../../common/model/axis.ts';
import { detailsQuery, heatmapQuery, specialQuery, type HeatmapWish } from './heatmap-query.ts';
import { newPanel } from '../url-state.ts';

const WISH: HeatmapWish = {
  state: newPanel('1'),
  start: 1000,
  end: 1060,
  step: 1,
  scale: 'auto',
  axis: undefined,
  theme: 'dark',
  search: '',
  waitMs: 900,
};
const query = (change: Partial<HeatmapWish['state']> = {}, more: Partial<HeatmapWish> = {}) =>
  Object.fromEntries(heatmapQuery({ ...WISH, ...more, state: { ...WISH.state, ...change } }));

test('one request asks for picture, axis, keys and percentiles, on the page’s own ground', () => {
  expect(query()).toEqual({
    start_time: '1000',
    duration: '60',
    column_seconds: '1',
    cells: 'true',
    marks: 'true',
    nbuckets: '100',
    scale: 'auto',
    theme: 'dark',
    coloring: 'rank',
    percentiles: '50,95,99',
    keys: '100',
    timeout: '900',
  });
});

test('a key with a comma is one key', () => {
  expect(JSON.parse(query({ keys: ['a,b', 'c'] })['selected'] ?? '')).toEqual(['a,b', 'c']);
});

test('isolating and excluding are said, highlighting is not, and all keys need no names', () => {
  expect(query({ mode: 'isolate', keys: ['a'] })).toMatchObject({ isolate: 'true' });
  expect(query({ mode: 'exclude', keys: ['a'] })).toMatchObject({ exclude: 'true' });
  expect(query({ mode: 'isolate', keys: [] })).not.toHaveProperty('isolate');
  expect(query({ mode: 'all', keys: ['a'] })).toMatchObject({ decompose_all: 'true' });
  expect(query({ mode: 'all', keys: ['a'] })).not.toHaveProperty('selected');
});

test('a live picture keeps its axis, a held one is the same for everybody', () => {
  const axis = linearAxis(0, 1200, 100);
  expect(query({}, { axis })).toMatchObject({ axis_before: '0,1200' });
  expect(query({ end: 1060 }, { axis })).not.toHaveProperty('axis_before');
});

test('what is compared is another time or another instrumentation', () => {
  expect(query({ versus: '300' })).toMatchObject({ versus_seconds: '300' });
  expect(query({ versus: '#7' })).toMatchObject({ versus_id: '7' });
});

test('a search is no longer than the service takes', () => {
  expect(query({}, { search: ` ${'x'.repeat(300)}` })['search']).toHaveLength(100);
});

test('each cell of an axis asks for its own row, whatever the window is by now', () => {
  for (const axis of [linearAxis(0, 1200, 100), logAxis(LOG_GRID, 10, 1e8, 100)]) {
    for (let row = 0; row < axis.rows; row++) {
      const cell = { time: 1042, low: edgeOf(axis, row), high: edgeOf(axis, row + 1) };
      const asked = Object.fromEntries(detailsQuery(cell, axis, 5, 9));
      expect(asked).toMatchObject({ start_time: '1042', duration: '5', x: '0', keys: '9' });
      expect(asked).toMatchObject({ y: String(axis.rows - 1 - row), ymin: String(axis.min) });
    }
  }
});

test('a box is asked about within the window, and not at all when it has left it', () => {
  const box = { start: 990, end: 1010, low: 10.5, high: 20 };
  expect(Object.fromEntries(specialQuery(box, WISH, true, 5) ?? [])).toMatchObject({
    box_start: '1000',
    box_end: '1010',
    box_ymin: '11',
    box_ymax: '20',
  });
  expect(Object.fromEntries(specialQuery(box, WISH, false, 5) ?? [])).not.toHaveProperty('box_ymin');
  expect(specialQuery({ ...box, end: 1000 }, WISH, true, 5)).toBeUndefined();
});
