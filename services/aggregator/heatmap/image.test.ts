/*
 * The whole pipeline against a plain reference: written for clarity from the description of the picture, it shares
 * nothing with the fast one but the grid, the ramp of a hue and the order of layers.
 */
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { LOG_GRID } from '../../../common/model/bucket';
import { fromCounts } from '../../../common/model/distribution';
import { Dataset } from '../dataset/dataset';
import { autoscale } from './autoscale';
import { hueSequence, ramp, WHITE } from './hue';
import { drawImage } from './image';
import { Params } from '../http/params';
import { readHeatmapOptions, type HeatmapOptions, type Layering } from './options';

const SEED = 20_110_403;
const START = 1_300_000_000;

const DEFAULTS: HeatmapOptions = {
  ...readHeatmapOptions(new Params(new Map())),
  width: 60,
  height: 40,
  nbuckets: 10,
};

/** [second, key, bucket, count] */
type Event = readonly [number, string, number, number];

function datasetOf(events: readonly Event[]): Dataset {
  const d = new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
  });
  events.forEach(([second, key, bucket, count], i) => {
    const distributions = new Map([[key, fromCounts([[bucket, count]])]]);
    d.update(
      `n${i}`,
      START + second,
      1,
      { shape: 'keyed-distribution', distributions },
      0,
      1000 * (START + 60),
    );
  });
  return d;
}

/** Fraction of [low, high) that lies in [from, to). */
function overlap(low: number, high: number, from: number, to: number): number {
  return Math.max(0, Math.min(high, to) - Math.max(low, from)) / (high - low);
}

function reference(events: readonly Event[], duration: number, o: HeatmapOptions): number[][] {
  const inside = events.filter(([second]) => second < duration);
  const keys = [...new Set(inside.map(([, key]) => key))].sort();
  const own = o.layering === 'all' ? keys : o.selected;
  const names: (string | undefined)[] =
    o.layering === 'isolate' ? [...own] : o.layering === 'exclude' ? [undefined] : [undefined, ...own];
  const sequence = hueSequence(own.length + 1);
  const hues = names.map((name) => (name === undefined ? sequence[0]! : sequence[own.indexOf(name) + 1]!));
  const top =
    inside.length === 0 ? 0 : Math.max(...inside.map(([, , bucket]) => LOG_GRID.ceilOf(bucket) + 1));
  const auto = autoscale(top);
  const ymin = o.ymin ?? 0;
  const ymax = Math.max(o.ymax ?? (auto > ymin || auto === 0 ? auto : autoscale(ymin + 1)), ymin + 1);
  const perRow = (ymax - ymin) / o.nbuckets;

  // counts[layer][slot][row]
  const counts = names.map((name) =>
    Array.from({ length: duration }, (_, slot) =>
      Array.from({ length: o.nbuckets }, (_, row) =>
        inside
          .filter(([second, key]) => second === slot && (own.includes(key) ? key : undefined) === name)
          .reduce((sum, [, , bucket, count]) => {
            const [low, high] = [LOG_GRID.floorOf(bucket), LOG_GRID.ceilOf(bucket) + 1];
            const weight = o.weighted ? (low + high - 1) / 2 : 1;
            const share = overlap(low, high, ymin + row * perRow, ymin + (row + 1) * perRow);
            return sum + (share < 1e-9 ? 0 : weight * count * share);
          }, 0),
      ),
    ),
  );
  const all = counts.flat(2).filter((c) => c > 0);
  const most = Math.max(1, ...all);
  // Sums of fractions differ in the last digits with the order of adding: equal to 9 digits is equal.
  const same = (c: number): string => c.toPrecision(9);
  const darkness = (c: number): number => {
    if (o.coloring === 'rank')
      return all.filter((other) => other < c || same(other) === same(c)).length / all.length;
    if (o.coloring === 'linear') return c / most;
    return 0.12 + (0.88 * Math.log1p(c)) / Math.log1p(most);
  };
  const colour = (slot: number, row: number): number => {
    const parts = names
      .map((_, i) => ({ hue: hues[i]!, count: counts[i]![slot]![row]! }))
      .filter(({ count }) => count > 0)
      .map(({ hue, count }) => ({ hue, level: Math.max(1, Math.round(255 * darkness(count))) }));
    if (parts.length === 0) return WHITE;
    const weight = parts.reduce((sum, { level }) => sum + level, 0);
    return [16, 8, 0].reduce((rgb, shift) => {
      const sum = parts.reduce((s, { hue, level }) => s + level * ((ramp(hue)[level]! >> shift) & 0xff), 0);
      return rgb * 256 + Math.round(sum / weight);
    }, 0);
  };
  const offset = Math.floor((START * o.width) / duration);
  const slotOf = (x: number): number => {
    let slot = 0;
    while (Math.floor(((START + slot + 1) * o.width) / duration) - offset <= x) slot++;
    return slot;
  };
  const rowOf = (y: number): number => {
    let row = o.nbuckets - 1;
    while (Math.floor(((o.nbuckets - row) * o.height) / o.nbuckets) <= y) row--;
    return row;
  };
  return Array.from({ length: o.height }, (_, y) =>
    Array.from({ length: o.width }, (_, x) => colour(slotOf(x), rowOf(y))),
  );
}

function pixels(bytes: Buffer): number[][] {
  const png = PNG.sync.read(bytes);
  return Array.from({ length: png.height }, (_, y) =>
    Array.from({ length: png.width }, (_, x) => png.data.readUInt32BE(4 * (y * png.width + x)) >>> 8),
  );
}

/** Levels may differ by one where the last digit of a sum decides how it is rounded. */
function differing(a: number[][], b: number[][]): number {
  let far = 0;
  a.forEach((line, y) =>
    line.forEach((colour, x) => {
      const other = b[y]![x]!;
      if ([16, 8, 0].some((s) => Math.abs(((colour >> s) & 0xff) - ((other >> s) & 0xff)) > 2)) far++;
    }),
  );
  return far;
}

const events = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 14 }),
    fc.constantFrom('a', 'b', 'c', '__proto__'),
    fc.integer({ min: 0, max: 200 }),
    fc.integer({ min: 1, max: 1000 }),
  ),
  { maxLength: 60 },
);

const options = fc.record({
  width: fc.integer({ min: 20, max: 60 }),
  height: fc.integer({ min: 20, max: 40 }),
  nbuckets: fc.integer({ min: 1, max: 20 }),
  ymin: fc.constantFrom(0, 0, 0, 7, 100),
  ymax: fc.constantFrom(undefined, undefined, 200, 1000),
  selected: fc.uniqueArray(fc.constantFrom('a', 'b', '__proto__', 'unknown'), { maxLength: 3 }),
  layering: fc.constantFrom<Layering>('together', 'isolate', 'exclude', 'all'),
  hues: fc.constant(undefined),
  weighted: fc.boolean(),
  coloring: fc.constantFrom('rank' as const, 'linear' as const, 'log' as const),
});

test('the picture is the reference picture, pixel by pixel, on random data with random options', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 15 }), options, (data, duration, change) => {
      const o = { ...DEFAULTS, ...change };
      const interval = { start: START, duration, requestedStart: START, requestedDuration: duration };
      const drawn = pixels(drawImage(datasetOf(data), interval, o).png);
      expect(differing(drawn, reference(data, duration, o))).toBe(0);
    }),
    { seed: SEED, numRuns: 120 },
  );
});

const INTERVAL = { start: START, duration: 10, requestedStart: START, requestedDuration: 10 };

test('no data makes a white picture whose top is 0', () => {
  const image = drawImage(datasetOf([]), INTERVAL, DEFAULTS);
  expect(image.ymax).toBe(0);
  expect(new Set(pixels(image.png).flat())).toEqual(new Set([WHITE]));
});

test('one known count is one cell of the picture, at its place and nowhere else', () => {
  const image = drawImage(datasetOf([[3, 'a', LOG_GRID.bucketOf(250), 1]]), INTERVAL, {
    ...DEFAULTS,
    ymax: 1000,
  });
  const dark: string[] = [];
  pixels(image.png).forEach((line, y) => line.forEach((c, x) => c === WHITE || dark.push(`${x},${y}`)));
  const expected: string[] = [];
  for (let y = 28; y < 32; y++) for (let x = 18; x < 24; x++) expected.push(`${x},${y}`);
  expect(dark).toEqual(expected);
});

test('more seconds than pixels are added together, none is painted over', () => {
  const data: Event[] = Array.from({ length: 100 }, (_, s) => [s, 'a', 5, 1]);
  const interval = { ...INTERVAL, duration: 100, requestedDuration: 100 };
  const d = new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
  });
  for (const [second, key, bucket, count] of data) {
    d.update(
      'n',
      START + second,
      1,
      { shape: 'keyed-distribution', distributions: new Map([[key, [bucket, count]]]) },
      0,
      1000 * (START + 100),
    );
  }
  const image = drawImage(d, interval, {
    ...DEFAULTS,
    width: 10,
    nbuckets: 1,
    height: 10,
    ymax: 10,
    coloring: 'linear',
  });
  expect(new Set(pixels(image.png).flat())).toEqual(new Set([ramp(21)[255]]));
});

test('more buckets than pixel lines are drawn as one row a line', () => {
  const image = drawImage(datasetOf([[0, 'a', 5, 1]]), INTERVAL, {
    ...DEFAULTS,
    height: 10,
    nbuckets: 200,
    ymax: 10,
  });
  const lines = pixels(image.png).map((line) => line[0] !== WHITE);
  expect(lines.indexOf(true)).toBe(4);
  expect(lines.filter(Boolean)).toHaveLength(1);
});

test('more keys than hues: the largest have their own, the rest stay together, nothing is lost', () => {
  const data: Event[] = Array.from({ length: 100 }, (_, k) => [0, `k${k}`, 5, k + 1]);
  const image = drawImage(datasetOf(data), INTERVAL, { ...DEFAULTS, layering: 'all' });
  expect(image.plan.layers).toHaveLength(64);
  expect(image.plan.layerOf('k99')).toBeGreaterThan(0);
  expect(image.plan.layerOf('k0')).toBe(0);
});
