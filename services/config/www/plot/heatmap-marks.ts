/*
 * The marks of a heatmap as SVG: axes, grid, percentile lines, incomplete seconds, pin, box, and the distribution beside
 * it. In: a scene and its frame. Out: elements, made anew each second; heatmap-view.ts puts them on the screen.
 */
import { axisTicks } from '../../../../common/model/axis-ticks.ts';
import type { LineAnswer } from '../../../../common/api/heatmap.ts';
import type { TypeName } from '../../../../common/model/field.ts';
import type { TypeInfo } from '../model/answers.ts';
import type { Box, Seconds } from '../model/box-predicate.ts';
import type { Cell } from '../model/cell-facts.ts';
import { isIncomplete, isKnown, type SlotStanding } from '../model/completeness.ts';
import { formatValue } from '../model/units.ts';
import { s } from '../ui/dom.ts';
import { columnsOf, xOf, yOf, type Frame, type Range } from './plot-frame.ts';
import { timeTicks } from './time-axis.ts';

export interface Scene extends Range {
  readonly slots: readonly (SlotStanding | undefined)[];
  /** One pixel a cell. */
  readonly picture: HTMLImageElement;
  /** Counts by row, of the whole window. */
  readonly rowCounts: readonly number[];
  /** Percentiles of each column; empty: none are shown. */
  readonly lines: readonly LineAnswer[];
  readonly type: TypeInfo | undefined;
  readonly typeName: TypeName;
  readonly pin: Cell | undefined;
  readonly box: Box | undefined;
  /** When the box of another picture of the board begins and ends: its values are of another kind. */
  readonly boxElsewhere: Seconds | undefined;
  readonly label: string;
}

export function drawAxes(scene: Scene, frame: Frame, em: number): SVGElement[] {
  const parts: SVGElement[] = [];
  const bottom = frame.top + frame.height;
  for (const value of axisTicks(scene.axis, Math.max(2, frame.height / (3 * em)), scene.typeName)) {
    const label = formatValue(value, scene.type);
    const y = yOf(frame, scene, value);
    if (y < frame.top - 1 || y > bottom + 1) continue;
    parts.push(s('line', { class: 'grid', x1: frame.left, x2: frame.left + frame.width, y1: y, y2: y }));
    parts.push(
      s('text', { class: 'tick', x: frame.left - 0.5 * em, y: y + 0.32 * em, 'text-anchor': 'end' }, label),
    );
  }
  for (const { value, label } of timeTicks(scene.start, scene.end, frame.width / (6.5 * em))) {
    const x = xOf(frame, scene, value);
    parts.push(s('line', { class: 'grid', x1: x, x2: x, y1: frame.top, y2: bottom }));
    // A label that would stick out of the frame is left away, not cut.
    if (x > frame.left + 1.6 * em && x < frame.left + frame.width - 1.6 * em) {
      parts.push(s('text', { class: 'tick', x, y: bottom + 1.95 * em, 'text-anchor': 'middle' }, label));
    }
  }
  parts.push(
    s('rect', { class: 'frame', x: frame.left, y: frame.top, width: frame.width, height: frame.height }),
  );
  return parts;
}

export function drawPercentiles(scene: Scene, frame: Frame, em: number): SVGElement[] {
  const width = frame.width / columnsOf(scene);
  return scene.lines.flatMap(({ percentile, values = [] }) => {
    const name = `p${percentile}`;
    let path = '';
    let last: number | undefined;
    values.forEach((value, column) => {
      if (value === null) {
        last = undefined;
        return;
      }
      const y = Math.max(frame.top, Math.min(frame.top + frame.height, yOf(frame, scene, value)));
      const x = frame.left + column * width;
      // Steps, not slopes: a percentile belongs to its whole second.
      path += `${last === undefined ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}H${(x + width).toFixed(1)}`;
      last = y;
    });
    if (last === undefined) return path === '' ? [] : [s('path', { class: `line ${name}`, d: path })];
    const x = frame.left + frame.width - 0.3 * em;
    return [
      s('path', { class: 'line halo', d: path }),
      s('path', { class: `line ${name}`, d: path }),
      s('text', { class: `line-name ${name}`, x, y: last - 0.35 * em, 'text-anchor': 'end' }, name),
    ];
  });
}

/** A strip under the picture: hatched where nodes were missing, solid where events are known to be lost, empty where nothing came. */
export function drawIncomplete(scene: Scene, frame: Frame, em: number): SVGElement[] {
  const width = frame.width / columnsOf(scene);
  const y = frame.top + frame.height + 0.2 * em;
  const parts = [s('rect', { class: 'strip', x: frame.left, y, width: frame.width, height: 0.45 * em })];
  const runs: { from: number; to: number; kind: string }[] = [];
  scene.slots.forEach((slot, column) => {
    const kind =
      slot === undefined || !isKnown(slot)
        ? 'unknown'
        : !isIncomplete(slot)
          ? ''
          : slot.lost > 0
            ? 'lost'
            : 'missing';
    const run = runs.at(-1);
    if (run?.kind === kind) run.to = column + 1;
    else runs.push({ from: column, to: column + 1, kind });
  });
  for (const { from, to, kind } of runs) {
    if (kind === '') continue;
    const x = frame.left + from * width;
    const wide = (to - from) * width;
    parts.push(s('rect', { class: `strip ${kind}`, x, y, width: wide, height: 0.45 * em }));
  }
  return parts;
}

export function drawSelection(scene: Scene, frame: Frame): SVGElement[] {
  const parts: SVGElement[] = [];
  const { boxElsewhere: other, axis } = scene;
  if (other !== undefined && other.end > scene.start && other.start < scene.end)
    parts.push(boxRect(scene, frame, { ...other, low: axis.min, high: axis.max }, 'box elsewhere'));
  if (scene.box !== undefined) parts.push(boxRect(scene, frame, scene.box, 'box'));
  if (scene.pin !== undefined && scene.pin.time >= scene.start && scene.pin.time < scene.end) {
    const x = xOf(frame, scene, scene.pin.time);
    const y = yOf(frame, scene, scene.pin.high);
    const width = Math.max(3, frame.width / columnsOf(scene));
    parts.push(
      s('rect', { class: 'pin', x, y, width, height: Math.max(3, yOf(frame, scene, scene.pin.low) - y) }),
    );
  }
  return parts;
}

export function boxRect(scene: Scene, frame: Frame, box: Box, name: string): SVGElement {
  const clampX = (x: number): number => Math.max(frame.left, Math.min(frame.left + frame.width, x));
  const clampY = (y: number): number => Math.max(frame.top, Math.min(frame.top + frame.height, y));
  const x = clampX(xOf(frame, scene, box.start));
  const y = clampY(yOf(frame, scene, box.high));
  const width = Math.max(0, clampX(xOf(frame, scene, box.end)) - x);
  return s('rect', { class: name, x, y, width, height: Math.max(0, clampY(yOf(frame, scene, box.low)) - y) });
}

/** Beside the picture: how the events of the second under the cursor (or of the whole window) spread over the values. */
export function drawMarginal(
  scene: Scene,
  frame: Frame,
  em: number,
  counts: readonly number[],
  one: boolean,
): SVGElement[] {
  const room = 4 * em;
  const x = frame.left + frame.width + 0.5 * em;
  const max = counts.reduce((a, b) => Math.max(a, b), 0);
  if (!(max > 0) || frame.width < 10 * em) return [];
  const height = frame.height / scene.axis.rows;
  let path = '';
  counts.forEach((n, row) => {
    if (n <= 0) return;
    const y = frame.top + frame.height - (row + 1) * height;
    path += `M${x} ${y.toFixed(1)}h${((n / max) * room).toFixed(1)}v${height.toFixed(2)}H${x}z`;
  });
  return [
    s('path', { class: one ? 'marginal one' : 'marginal', d: path }),
    s('text', { class: 'tick', x, y: frame.top + frame.height + 1.95 * em }, one ? 'second' : 'window'),
  ];
}
