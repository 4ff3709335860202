/*
 * What stands around a framed picture. In: what was asked, and how it was laid out. Out: title, ticks, legend (frame.ts).
 */
import type { ValueAxis } from '../../../common/model/axis';
import { shadeColour } from '../../../common/model/hue';
import type { TypeName } from '../../../common/model/field';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { breakdownOf } from '../../../common/model/instrumentation';
import { printPredicate } from '../../../common/model/predicate/predicate';
import { shortText } from '../../../common/model/unit';
import { textWidth } from './pixels/font';
import type { Axis } from './axis';
import type { Columns } from './columns';
import type { Frame, Mark } from './pixels/frame';
import type { LayerPlan } from './layers';
import { axisTicks } from '../../../common/model/axis-ticks';
import { hsvToRgb } from './hue';
import { paletteOf } from './pixels/palette';
import type { HeatmapOptions } from './options';
import { pixelOf } from './pixels/overlay';
import { LEVELS } from './shade';

/** Letters of a key, and of the title: what is longer is cut. */
const KEY_LETTERS = 24;
/** Pixels between ticks of the value axis, and between labels of times. */
const VALUES_APART = 36;
const TIMES_APART = 24;
const STEPS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];
/** Shades of the sample. */
const SHADES = 8;

export function frameOf(
  instrumentation: Pick<Instrumentation, 'module' | 'stat' | 'decomposition' | 'fields' | 'predicate'>,
  layout: {
    readonly axis: Axis;
    readonly columns: Columns;
    readonly plan: LayerPlan;
    readonly height: number;
  },
  options: HeatmapOptions,
): Frame {
  const { axis, columns, plan, height } = layout;
  const { numeric } = breakdownOf(instrumentation);
  const type = numeric === undefined ? 'number' : (instrumentation.fields[numeric] ?? 'number');
  const { width, theme } = options;
  const palette = paletteOf(theme);
  const end = columns.start + columns.slots * columns.step;
  const lines =
    options.percentiles.length === 0 ? '' : `; lines: ${options.percentiles.map((p) => `p${p}`).join(', ')}`;
  return {
    title: titleOf(instrumentation, width),
    values: valueMarks(axis.value, height, type),
    times: timeMarks(columns.start, end, width),
    foot: `${utc(columns.start)} to ${utc(end).slice(11)} UTC${lines}`,
    legend:
      plan.layers.length === 1 && plan.layers[0]?.key === undefined
        ? []
        : plan.layers.map(({ key, hue }) => ({
            label: key === undefined ? 'all others' : keyText(key),
            colour: theme === undefined ? hsvToRgb(hue, 0.8, 0.95) : shadeColour(hue, 0.75, theme),
          })),
    shades: Array.from({ length: SHADES }, (_, i) => {
      const level = Math.round(((i + 1) * LEVELS) / SHADES);
      return palette.ramp(plan.layers[0]?.hue ?? 0)[level] ?? 0;
    }),
    ground: palette.ground,
    ink: theme === 'dark' ? 0xd0d0d0 : 0x303030,
  };
}

function titleOf(i: Parameters<typeof frameOf>[0], width: number): string[] {
  const by = i.decomposition.length === 0 ? '' : ` by ${i.decomposition.join(', ')}`;
  const where = printPredicate(i.predicate);
  const lines = [`${i.module}.${i.stat}${by}`, ...(i.predicate.kind === 'always' ? [] : [`where ${where}`])];
  const letters = Math.floor(width / textWidth('x'));
  return lines.map((line) =>
    line.length > letters ? `${line.slice(0, Math.max(0, letters - 3))}...` : line,
  );
}

/** A key is anybody's: no letter of it moves anything, and it is no longer than its place. */
function keyText(key: string): string {
  const letters = Array.from(key === '' ? '(empty)' : key);
  return letters.length > KEY_LETTERS ? `${letters.slice(0, KEY_LETTERS - 2).join('')}..` : letters.join('');
}

function valueMarks(axis: ValueAxis, height: number, type: TypeName): Mark[] {
  return axisTicks(axis, height / VALUES_APART, type).flatMap((value) => {
    const at = value === axis.min ? height - 1 : pixelOf(value, axis, height);
    return at < 0 ? [] : [{ at, label: shortText(value, type) }];
  });
}

function timeMarks(start: number, end: number, width: number): Mark[] {
  const letters = textWidth('00:00:00') + TIMES_APART;
  const rough = ((end - start) * letters) / width;
  const step = STEPS.find((one) => one >= rough) ?? Math.ceil(rough / 86_400) * 86_400;
  const marks: Mark[] = [];
  for (let time = Math.ceil(start / step) * step; time <= end; time += step) {
    const at = Math.round(((time - start) * width) / (end - start));
    marks.push({ at: Math.min(at, width - 1), label: utc(time).slice(11, step % 60 === 0 ? 16 : 19) });
  }
  return marks;
}

function utc(seconds: number): string {
  return new Date(1000 * seconds).toISOString().slice(0, 19).replace('T', ' ');
}
