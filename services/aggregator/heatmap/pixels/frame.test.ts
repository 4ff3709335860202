/* A picture with title, axes and legend: the heatmap in it is the one without, and the words are where they belong. */
import { linearAxis } from '../../../../common/model/axis';
import type { PNG } from 'pngjs';
import { LOG_GRID } from '../../../../common/model/bucket';
import { HEAT, instrumentation, NOW, serveValues, V } from '../../testing/test-values';
import { eachDot, LETTER, textWidth } from './font';
import { placeIn, type Frame } from './frame';
import { frameOf } from '../marks';

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);
const AT = `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60&ymax=5000000`;

const dots = (text: string): string[] => {
  const rows = Array.from({ length: LETTER.height }, () => ' '.repeat(textWidth(text)).split(''));
  eachDot(text, (x, y) => {
    rows[y]![x] = '#';
  });
  return rows.map((row) => row.join('').trimEnd());
};

test('letters look like letters', () => {
  expect(dots('A1')).toEqual([
    ' ###    #',
    '#   #  ##',
    '#   #   #',
    '#   #   #',
    '#####   #',
    '#   #   #',
    '#   #  ###',
    '',
  ]);
});

test('every printable letter has dots but the blank, and all differ', () => {
  const letters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  const drawn = letters.map((letter) => dots(letter).join('\n'));
  expect(new Set(drawn).size).toBe(95);
  expect(dots('\u{1F600}')).toEqual(dots('\u0007'));
});

test('the heatmap in the frame is the one without it, dot by dot', async () => {
  await values.own(HEAT);
  for (let s = 50; s > 2; s--) values.reportDisks('a', NOW - s, { sda: [MS, s], sdb: [MS + 9, 3] });
  const plain = await values.picture(`${AT}&percentiles=50`);
  const framed = await values.picture(`${AT}&percentiles=50&axes=true`);
  expect(framed.width).toBeGreaterThan(plain.width + 60);
  expect(framed.height).toBeGreaterThan(plain.height + 20);
  const left = [...Array(framed.width - plain.width).keys()].find((x) => same(plain, framed, x, 18));
  expect(left).toBeGreaterThan(20);
});

function same(plain: PNG, framed: PNG, left: number, top: number): boolean {
  for (let y = 0; y < plain.height; y++) {
    for (let x = 0; x < plain.width; x += 7) {
      const a = plain.data.readUInt32BE(4 * (y * plain.width + x));
      const b = framed.data.readUInt32BE(4 * ((y + top) * framed.width + x + left));
      if (a !== b) return false;
    }
  }
  return true;
}

const axis = (min: number, max: number) =>
  ({ value: linearAxis(min, max, 100) }) as Parameters<typeof frameOf>[1]['axis'];
const frame = (change: object = {}, size = { width: 600, height: 300 }): Frame =>
  frameOf(
    { ...HEAT, ...change },
    {
      axis: axis(0, 5_000_000),
      height: size.height,
      columns: { start: NOW - 60, step: 1, slots: 60 } as Parameters<typeof frameOf>[1]['columns'],
      plan: {
        layers: [
          { key: undefined, hue: 21 },
          { key: 'a'.repeat(40), hue: 203 },
        ],
        layerOf: () => 0,
      },
    },
    { ...size, percentiles: [50, 99] } as unknown as Parameters<typeof frameOf>[2],
  );

test('values have round marks with units, times are of a zone that is written', () => {
  const { values: marks, times, foot, title, legend } = frame();
  expect(marks.map(({ label }) => label)).toEqual(['0s', '1ms', '2ms', '3ms', '4ms']);
  expect(marks.map(({ at }) => at)).toEqual([299, 240, 180, 120, 60]);
  expect(times.map(({ label }) => label)).toEqual(expect.arrayContaining(['07:06:00', '07:06:30']));
  expect(foot).toBe('2011-03-13 07:05:40 to 07:06:40 UTC; lines: p50, p99');
  expect(title).toEqual(['disk.physio_ops by disk, latency']);
  expect(legend.map(({ label }) => label)).toEqual(['all others', `${'a'.repeat(22)}..`]);
});

test('sizes have marks at powers of two', () => {
  const { values: marks } = frame({ decomposition: ['size'], fields: { size: 'size' } });
  expect(marks.map(({ label }) => label)).toEqual(['0B', '1MiB', '2MiB', '3MiB', '4MiB']);
});

test('a filter stands in the title, cut to the width of the picture', () => {
  const predicate = { kind: 'compare' as const, op: 'eq' as const, field: 'disk', constant: 'x'.repeat(500) };
  const [, where = ''] = frame({ predicate }, { width: 100, height: 50 }).title;
  expect(where).toMatch(/^where disk.*\.\.\.$/);
  expect(textWidth(where)).toBeLessThanOrEqual(100);
});

test('a picture of every size has a frame, with keys of any kind', async () => {
  const heat = instrumentation('2', { decomposition: ['disk', 'latency'] });
  await values.own(heat);
  values.reportDisks(
    'a',
    NOW - 2,
    Object.fromEntries(['\u0000', '\u{1F600}'.repeat(50), '', 'ok'].map((k) => [k, [MS, 1]])),
  );
  for (const [width, height] of [
    [10, 10],
    [600, 10],
    [10, 300],
    [2000, 1000],
  ] as const) {
    const png = await values.picture(
      `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60&decompose_all=true&axes=true&width=${width}&height=${height}`,
    );
    expect(png.width).toBeGreaterThan(width);
    expect(png.height).toBeGreaterThan(height);
  }
});

test('before anybody knows the instrumentation there is nothing to write around it', () => {
  const { left, top } = placeIn({
    title: [],
    values: [],
    times: [],
    foot: '',
    legend: [],
    shades: [],
    ground: 0,
    ink: 0,
  });
  expect([left, top]).toEqual([15, 6]);
});
