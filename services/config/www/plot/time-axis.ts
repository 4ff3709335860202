/* Times for people: ticks on round seconds of the chosen zone, clock texts, spans. In: seconds since 1970. Out: text. */
import type { Tick } from '../model/units.ts';
import { dateText, offsetAt, type OffsetAt } from '../model/zone.ts';

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

/** Ticks stand on round local times, on both sides of a change of the clocks; midnight is told by its date. */
export function timeTicks(start: number, end: number, wanted: number, offset: OffsetAt = offsetAt): Tick[] {
  const rough = (end - start) / Math.max(1, wanted);
  const step = STEPS.find((s) => s >= rough) ?? 86_400 * Math.ceil(rough / 86_400);
  const ticks: Tick[] = [];
  let from = start;
  for (let time = nextRound(from, step, offset); time <= end; time = nextRound(from, step, offset)) {
    ticks.push({ value: time, label: tickText(time, step, offset) });
    from = time + 1;
  }
  return ticks;
}

/** Zones change their clocks at full quarters of an hour. */
const CHANGE_STEP = 900;

/** The first moment from `from` on whose local time is a multiple of the step. */
function nextRound(from: number, step: number, offset: OffsetAt): number {
  const shift = offset(from);
  const time = Math.ceil((from - 60 * shift) / step) * step + 60 * shift;
  if (offset(time) === shift) return time;
  // The clocks change before that: what is round afterwards is round by the other offset.
  let change = Math.ceil(from / CHANGE_STEP) * CHANGE_STEP;
  while (change < time && offset(change) === shift) change += CHANGE_STEP;
  const after = offset(change);
  return Math.ceil((change - 60 * after) / step) * step + 60 * after;
}

function tickText(time: number, step: number, offset: OffsetAt): string {
  const local = time - 60 * offset(time);
  if (local % 86_400 === 0) return dateText(time, false, offset);
  return clockOfLocal(local, step >= 60);
}

function clockOfLocal(local: number, noSeconds: boolean): string {
  const text = new Date(local * 1000).toISOString();
  return noSeconds ? text.slice(11, 16) : text.slice(11, 19);
}

/** "14:05:09" in the chosen zone. */
export function clockText(second: number, offset: OffsetAt = offsetAt): string {
  return clockOfLocal(second - 60 * offset(second), false);
}

/** "1 min", "90 s", "1 h" */
export function spanText(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

/** Windows a panel offers: up to what is kept, the last one being all of it. */
export function windowsFor(granularity: number, retention: number): number[] {
  const unit = Math.max(1, granularity);
  const fit = [15, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400, 604_800].filter(
    (w) => w < retention && w / unit >= 12 && w / unit <= 3600,
  );
  const all = Math.min(Math.floor(retention / unit), 3600) * unit;
  return [...fit, all];
}
