/* The small parts of the heatmap, each alone: scale, axis, columns, shades, hues, PNG. */
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { linearGrid, LOG_GRID } from '../../../common/model/bucket';
import { autoscale } from './autoscale';
import { linearAxis } from '../../../common/model/axis';
import { layOutAxis } from './axis';
import { layOutColumns, rowAt, rowTop } from './columns';
import { hsvToRgb, hueSequence, mix, ramp, WHITE } from './hue';
import type { Picture } from './pixels/paint';
import { encodePng } from './pixels/png';
import { shade } from './shade';

const SEED = 20_110_402;

test.each([
  [10, 12],
  [100, 120],
  [1235, 1400],
  [820_000, 1_000_000],
  [1, 2],
  [0, 0],
])('the top of a chart of %d is %d', (largest, top) => {
  expect(autoscale(largest)).toBe(top);
});

test('the top of a chart is above the largest value, by a quarter at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 2 ** 50 }), (n) => {
      expect(autoscale(n)).toBeGreaterThan(n);
      expect(autoscale(n)).toBeLessThan(1.25 * n);
    }),
    { seed: SEED },
  );
});

const range = fc
  .tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 200 }))
  .map(([ymin, height, rows]) => ({ ymin, ymax: ymin + height, rows, weighted: false }));

test.each([
  ['log', LOG_GRID],
  ['linear', linearGrid(10, 100)],
])(
  'a bucket that lies within the picture gives each count to its rows, and no more (%s grid)',
  (_name, grid) => {
    fc.assert(
      fc.property(range, (options) => {
        const axis = layOutAxis(grid, linearAxis(options.ymin, options.ymax, options.rows), options.weighted);
        for (let b = 0; b < grid.size; b++) {
          const [low, high] = [grid.floorOf(b), grid.ceilOf(b) + 1];
          const [first, last] = [axis.first[b]!, axis.last[b]!];
          if (first < 0) {
            expect(low >= options.ymax || high <= options.ymin).toBe(true);
            continue;
          }
          const between = Math.max(last - first - 1, 0) * axis.midShare[b]!;
          const sum = axis.firstShare[b]! + between + (last > first ? axis.lastShare[b]! : 0);
          const visible = Math.min(high, options.ymax) - Math.max(low, options.ymin);
          expect(sum).toBeCloseTo(visible / (high - low), 6);
          expect(last).toBeLessThan(options.rows);
        }
      }),
      { seed: SEED, numRuns: 30 },
    );
  },
);

test('rows that are cut where buckets are cut share nothing, in spite of binary fractions', () => {
  const axis = layOutAxis(linearGrid(1, 101), linearAxis(0, 7, 70), false);
  expect([axis.first[3], axis.last[3]]).toEqual([30, 39]);
});

test('a weighted count counts as the middle of its range', () => {
  const axis = layOutAxis(LOG_GRID, linearAxis(0, 1000, 10), true);
  expect(axis.firstShare[LOG_GRID.bucketOf(105)]).toBe(104.5);
});

test('each pixel column belongs to exactly the slots that are drawn there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2e9 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 10, max: 300 }),
      fc.constantFrom(1, 5, 60),
      (base, slots, width, step) => {
        const columns = layOutColumns({ start: base * step, duration: slots * step, step, width });
        expect([columns.edge(0), columns.edge(columns.count)]).toEqual([0, width]);
        for (let slot = 0; slot < slots; slot++) {
          const column = columns.ofSlot((base + slot) * step);
          for (let x = columns.edge(column); x < columns.edge(column + 1); x++) {
            const { time, slots: n } = columns.slotsAt(x);
            expect(time).toBeLessThanOrEqual((base + slot) * step);
            expect(time + n * step).toBeGreaterThan((base + slot) * step);
          }
        }
      },
    ),
    { seed: SEED },
  );
});

test('a slot is as many pixels wide wherever it stands while the picture scrolls', () => {
  const widths = new Map<number, number>();
  for (let start = 1_300_000_000; start < 1_300_000_050; start++) {
    const columns = layOutColumns({ start, duration: 37, step: 1, width: 600 });
    for (let i = 0; i < 37; i++) {
      const width = columns.edge(i + 1) - columns.edge(i);
      expect(widths.get(start + i) ?? width).toBe(width);
      widths.set(start + i, width);
    }
  }
});

test('each pixel line belongs to the row that is drawn there', () => {
  for (const [rows, height] of [
    [100, 300],
    [7, 50],
    [50, 50],
    [1, 10],
    [33, 100],
  ] as const) {
    for (let row = 0; row < rows; row++) {
      for (let y = rowTop(row, rows, height); y < rowTop(row - 1, rows, height); y++) {
        expect(rowAt(y, rows, height)).toBe(row);
      }
    }
    expect([rowTop(rows - 1, rows, height), rowTop(-1, rows, height)]).toEqual([0, height]);
  }
});

const layer = (...counts: number[]): Float64Array => Float64Array.from(counts);

test('by rank, equal counts are equally dark and the largest is the darkest, over all layers', () => {
  expect(shade([layer(0, 1, 5), layer(5, 1000, 1)], 'rank')).toEqual([
    Uint8Array.from([0, 102, 204]),
    Uint8Array.from([204, 255, 102]),
  ]);
});

test('linear is in proportion, and nothing that is there vanishes', () => {
  expect(shade([layer(0, 1, 500, 1000, 1e-9)], 'linear')).toEqual([Uint8Array.from([0, 1, 128, 255, 1])]);
});

test('by log, a count of 1 is told from nothing at a glance beside an outlier of a billion', () => {
  const [levels] = shade([layer(0, 1, 1000, 1e9)], 'log');
  expect([levels![0], levels![3]]).toEqual([0, 255]);
  expect(levels![1]).toBeGreaterThan(30);
  expect(levels![2]! - levels![1]!).toBeGreaterThan(60);
  const colour = ramp(21)[levels![1]!]!;
  expect(contrast(colour, WHITE)).toBeGreaterThan(30);
});

/** Linear-light transforms of full protanopia and deuteranopia (Machado, Oliveira and Fernandes 2009, severity 1). */
const BLINDNESS = {
  none: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
};

function lab(colour: number, matrix: readonly number[]): number[] {
  const linear = [16, 8, 0].map((shift) => {
    const c = ((colour >> shift) & 0xff) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const dot = (m: readonly number[], v: readonly number[], row: number): number =>
    m[3 * row]! * v[0]! + m[3 * row + 1]! * v[1]! + m[3 * row + 2]! * v[2]!;
  const seen = [0, 1, 2].map((row) => Math.min(Math.max(dot(matrix, linear, row), 0), 1));
  const xyz = [0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505];
  const f = [0, 1, 2].map((row) => {
    const t = dot(xyz, seen, row) / [0.9505, 1, 1.089][row]!;
    return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
  });
  return [116 * f[1]! - 16, 500 * (f[0]! - f[1]!), 200 * (f[1]! - f[2]!)];
}

function nearest(hues: readonly number[], matrix: readonly number[]): number {
  const seen = hues.map((hue) => lab(hsvToRgb(hue, 0.9, 0.95), matrix));
  let least = Infinity;
  seen.forEach((a, i) => {
    for (const b of seen.slice(i + 1)) least = Math.min(least, Math.hypot(...a.map((x, k) => x - b[k]!)));
  });
  return least;
}

function contrast(a: number, b: number): number {
  return Math.hypot(...[16, 8, 0].map((shift) => ((a >> shift) & 0xff) - ((b >> shift) & 0xff)));
}

test.each(Object.keys(BLINDNESS) as (keyof typeof BLINDNESS)[])(
  'the first hues differ plainly to eyes with %s, more than steps of 91 degrees do',
  (kind) => {
    const original = [21, 112, 203, 294, 25, 116];
    for (const n of [2, 3, 4, 6]) {
      expect(nearest(hueSequence(n), BLINDNESS[kind])).toBeGreaterThan(n <= 4 ? 20 : 10);
    }
    expect(nearest(hueSequence(6), BLINDNESS[kind])).toBeGreaterThan(nearest(original, BLINDNESS[kind]));
  },
);

test('the sequence of hues goes on as long as needed without repeating', () => {
  const hues = hueSequence(64);
  expect(new Set(hues).size).toBe(64);
  expect(hueSequence(3)).toEqual(hues.slice(0, 3));
});

test('colours of layers mix in proportion to their levels, and nothing is white', () => {
  const [nothing, only, both] = mix(
    [Uint8Array.from([0, 255, 200]), Uint8Array.from([0, 0, 20])],
    [ramp(0), ramp(120)],
  );
  expect(nothing).toBe(WHITE);
  expect(only).toBe(hsvToRgb(0, 0.9, 0.95));
  expect(both! >>> 16).toBeGreaterThan((both! >>> 8) & 0xff);
});

function picture(palette: number[] | undefined, lines: number[][], repeats: number[]): Picture {
  const flat = lines.flat();
  return {
    width: lines[0]!.length,
    height: repeats.reduce((a, b) => a + b, 0),
    palette: palette === undefined ? undefined : Uint32Array.from(palette),
    lines: palette === undefined ? Uint32Array.from(flat) : Uint8Array.from(flat),
    repeats: Uint16Array.from(repeats),
  };
}

function decoded(bytes: Buffer): number[][] {
  const png = PNG.sync.read(bytes);
  return Array.from({ length: png.height }, (_, y) =>
    Array.from({ length: png.width }, (_, x) => png.data.readUInt32BE(4 * (y * png.width + x)) >>> 8),
  );
}

test('pictures with a palette and without one are read back as they were, by another decoder', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 10 }),
      fc.array(fc.integer({ min: 0, max: 0xffffff }), { minLength: 1, maxLength: 256 }),
      fc.infiniteStream(fc.nat()),
      (width, repeats, colours, random) => {
        if (!repeats.some((n) => n > 0)) repeats[0] = 1;
        const lines = repeats.map(() =>
          Array.from({ length: width }, () => (random.next().value as number) % colours.length),
        );
        const expected = repeats.flatMap((n, i) =>
          Array.from({ length: n }, () => lines[i]!.map((c) => colours[c])),
        );
        expect(decoded(encodePng(picture(colours, lines, repeats)))).toEqual(expected);
        const direct = lines.map((line) => line.map((c) => colours[c]!));
        expect(decoded(encodePng(picture(undefined, direct, repeats)))).toEqual(expected);
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
});

test('the same picture gives the same bytes', () => {
  const one = picture([WHITE, 0x123456], [[0, 1, 0]], [4]);
  expect(encodePng(one).equals(encodePng({ ...one }))).toBe(true);
});
