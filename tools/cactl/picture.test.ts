/* The terminal's pictures, cell by cell: with 24-bit colours, with 256, and with four shades of ink. */
import type { RangeCount } from '../../common/model/distribution';
import { hueOfKey, swatchColour } from '../../common/model/hue';
import { mix, palette, dim, rgbOf, type Rgb } from '../cli/screen/colour';
import type { Colours } from '../cli/io';
import { legendOf } from './legend';
import { picture, plotColumns, type PictureOptions } from './picture';
import { Timeline, type Slot } from './timeline';
import { widthOf } from '../cli/screen/visible';

interface Cell {
  readonly character: string;
  readonly fore: string;
  readonly back: string;
}

/** What a terminal would show: SGR sequences carried out, nothing else allowed. */
function cells(line: string): Cell[] {
  const found: Cell[] = [];
  let [fore, back] = ['', ''];

  for (const [piece, sgr] of line.matchAll(/\x1b\[([\d;]*)m|./gu)) {
    if (sgr === undefined) found.push({ character: piece, fore, back });
    else if (sgr === '0') [fore, back] = ['', ''];
    else if (sgr.startsWith('38;')) fore = sgr.slice(3);
    else if (sgr.startsWith('48;')) back = sgr.slice(3);
    else throw new Error(`unknown sequence ${sgr}`);
  }
  return found;
}

/** As the page has it on a dark screen. */
const colourOfKey = (key: string): Rgb => rgbOf(swatchColour(hueOfKey(key), 'dark'));
const [SDA, SDB] = [colourOfKey('sda'), colourOfKey('sdb')];

const full = (rgb: Rgb): string => `2;${rgb.join(';')}`;

function options(
  slots: readonly (Slot | undefined)[],
  colours: Colours,
  more: Partial<PictureOptions> = {},
): PictureOptions {
  return {
    title: '1: disk.physio_ops by disk, latency',
    columns: 20,
    rows: 9,
    colours,
    granularity: 1,
    numeric: { field: 'latency', type: 'time' },
    step: undefined,
    countType: undefined,
    shading: 'linear',
    legend: legendOf(slots),
    foot: 'foot',
    ...more,
  };
}

function slot(time: number, amounts: Record<string, number | RangeCount[]>, more: Partial<Slot> = {}): Slot {
  return { time, amounts: new Map(Object.entries(amounts)), expected: 3, reporting: 3, lost: 0, ...more };
}

// Eight rows of bounds in four lines of cells: 1..8 microseconds, two to a cell.
const at = (us: number, count: number): RangeCount => [[us * 1000, us * 1000 + 99], count];
const SLOTS = [
  slot(100, { sda: [at(1, 4)], sdb: [at(8, 4)] }),
  slot(101, { sda: [at(2, 4)] }, { reporting: 2 }),
  undefined,
  slot(103, { sda: [at(3, 2)], sdb: [at(3, 2)] }),
  slot(104, {}, { lost: 5 }),
];

test('two pixels to a cell: the upper in the foreground, the lower in the background', () => {
  const lines = picture(SLOTS, options(SLOTS, 'full'));
  expect(lines).toHaveLength(9);
  const plot = lines.slice(1, 5).map((line) => cells(line).slice(9));
  const both = mix([
    [SDA, 2],
    [SDB, 2],
  ]);
  expect(plot.map((row) => row.map((cell) => cell.character).join(''))).toEqual([
    '▀    ',
    '     ',
    '   ▄ ',
    '▄▀   ',
  ]);
  expect(plot[0]?.[0]).toEqual({ character: '▀', fore: full(SDB), back: '' });
  expect(plot[3]?.[0]).toEqual({ character: '▄', fore: full(SDA), back: '' });
  expect(plot[3]?.[1]).toEqual({ character: '▀', fore: full(SDA), back: '' });
  expect(plot[2]?.[3]).toEqual({ character: '▄', fore: full(both), back: '' });
});

test('both pixels of a cell may have events', () => {
  const slots = [slot(100, { sda: [at(1, 4), at(2, 2), at(8, 1)] })];
  const lines = picture(slots, options(slots, 'full'));
  const half = 0.3 + 0.7 * 0.5;
  expect(cells(lines[4] ?? '')[9]).toEqual({ character: '▀', fore: full(dim(SDA, half)), back: full(SDA) });
});

test('a terminal of 256 colours gets the nearest of its palette', () => {
  const lines = picture(SLOTS, options(SLOTS, '256'));
  expect(cells(lines[1] ?? '')[9]).toEqual({ character: '▀', fore: `5;${palette(SDB)}`, back: '' });
  expect(palette([255, 0, 0])).toBe(196);
  expect(palette([128, 128, 128])).toBe(244);
  expect(palette([0, 0, 0])).toBe(16);
});

test('without colours there are four shades of ink and not one escape sequence', () => {
  const slots = [slot(100, { '': [at(1, 1), at(2, 2), at(3, 3), at(4, 4)] })];
  const lines = picture(slots, options(slots, 'none', { rows: 9, shading: 'linear' }));
  expect(lines.join('\n')).not.toContain('\x1b');
  expect(lines.slice(1, 5).map((line) => line[9])).toEqual(['█', '▓', '▒', '░']);
});

test('the whole frame, with axis, times and legend', () => {
  expect(picture(SLOTS, options(SLOTS, 'none', { columns: 40 })).join('\n')).toBe(
    [
      '1: disk.physio_ops by disk, latency',
      '    5us ┤█    ',
      '        │ █ █ ',
      '        │█    ',
      '    1us ┤█    ',
      '        └─×──×',
      '         00:01:44',
      '1■ sda 63%  2■ sdb 38%',
      'foot',
    ].join('\n'),
  );
});

test('seconds with a missing node, or with lost events, are marked on the axis', () => {
  const axis = picture(SLOTS, options(SLOTS, 'none'))[5];
  expect(axis).toBe('        └─×──×');
});

test('bars where there is no numeric field: keys stacked in the order of the legend', () => {
  const slots = [slot(100, { n1: 4, n2: 2 }), slot(101, { n1: 8 })];
  const lines = picture(slots, options(slots, 'full', { numeric: undefined }));
  const pixels = (x: number): string[] =>
    lines
      .slice(1, 5)
      .map((line) => cells(line)[9 + x])
      .reverse()
      .flatMap((cell) => (cell?.character === '▄' ? [cell.fore, ''] : [cell?.back ?? '', cell?.fore ?? '']));
  const [b, o] = [full(colourOfKey('n1')), full(colourOfKey('n2'))];
  expect(pixels(0)).toEqual([b, b, b, o, o, '', '', '']);
  expect(pixels(1)).toEqual([b, b, b, b, b, b, '', '']);
});

test('only the chosen key is drawn', () => {
  const lines = picture(SLOTS, options(SLOTS, 'none', { only: 'sdb', columns: 40 }));
  expect(lines.slice(1, 5).map((line) => line.slice(9))).toEqual(['█    ', '█    ', '   ▒ ', '   ▒ ']);
  expect(lines[7]).toContain('2◆ sdb');
});

test.each([40, 80, 200])('nothing is wider than %i columns, keys of strangers included', (columns) => {
  const keys = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`process-${i}\x1b[31m名前の長い`, [at(1 + (i % 8), i + 1)]]),
  );
  const slots = Array.from({ length: plotColumns(columns) }, (_, i) => slot(100 + i, keys));
  for (const line of picture(
    slots,
    options(slots, 'full', { columns, rows: 24, title: 'x'.repeat(300), foot: 'y'.repeat(300) }),
  )) {
    const shown = cells(line)
      .map((cell) => cell.character)
      .join('');
    expect(widthOf(shown)).toBeLessThanOrEqual(columns);
  }
});

test('a value that comes again, because late reports changed it, takes the place of the first', () => {
  const timeline = new Timeline(1);
  const value = (start_time: number, n: number): Parameters<Timeline['add']>[0] => ({
    value: n,
    start_time,
    duration: 1,
    nsources: 2,
    minreporting: 1,
  });
  timeline.add(value(100, 1), 3);
  timeline.add(value(102, 3), 3);
  timeline.add(value(100, 7), 3);
  expect(timeline.window(3).map((s) => s?.amounts.get(''))).toEqual([7, undefined, 3]);
  timeline.add(value(103, 4), 3);
  expect(timeline.window(4).map((s) => s?.amounts.get(''))).toEqual([undefined, undefined, 3, 4]);
});
