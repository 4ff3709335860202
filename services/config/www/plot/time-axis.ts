/* Times for people: ticks on round seconds of local time, clock texts, spans. In: seconds since 1970. Out: text. */
import type { Tick } from '../model/units.ts';

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

/** `zoneMinutes` is Date.getTimezoneOffset(): ticks stand on round local hours. */
export function timeTicks(start: number, end: number, wanted: number, zoneMinutes: number): Tick[] {
  const rough = (end - start) / Math.max(1, wanted);
  const step = STEPS.find((s) => s >= rough) ?? 86_400;
  const shift = zoneMinutes * 60;
  const ticks: Tick[] = [];
  for (let local = Math.ceil((start - shift) / step) * step; local + shift <= end; local += step) {
    ticks.push({ value: local + shift, label: clockOfLocal(local, step >= 60) });
  }
  return ticks;
}

function clockOfLocal(local: number, noSeconds: boolean): string {
  const text = new Date(local * 1000).toISOString();
  return noSeconds ? text.slice(11, 16) : text.slice(11, 19);
}

export function clockText(second: number, zoneMinutes: number): string {
  return clockOfLocal(second - zoneMinutes * 60, false);
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
  const fit = [60, 120, 300, 600, 1800, 3600, 21_600, 86_400, 604_800].filter(
    (w) => w < retention && w / unit >= 12 && w / unit <= 3600,
  );
  const all = Math.min(Math.floor(retention / unit), 3600) * unit;
  return [...fit, all];
}
