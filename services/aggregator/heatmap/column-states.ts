/*
 * How complete each column of a picture is. In: runs of equally complete slots. Out: a state for each column, which its
 * ground shows.
 *
 * Before the instrumentation existed, and after its retention, no node was expected to report: such a column is not
 * zero, but unknown.
 */
import type { Completeness } from '../dataset/reading';
import type { Columns } from './columns';

/** The worst slot of a column decides; a column is unknown when all of its slots are. */
export const STATE = { complete: 0, missing: 1, lost: 2, unknown: 3 } as const;

export function columnStates(runs: readonly Completeness[], columns: Columns): Uint8Array {
  const states = new Uint8Array(columns.count).fill(STATE.unknown);
  const end = columns.start + columns.slots * columns.step;
  for (const run of runs) {
    const state = stateOf(run);
    if (state === STATE.unknown) continue;
    const from = Math.max(run.time, columns.start);
    const to = Math.min(run.time + run.duration, end);
    if (to <= from) continue;
    const last = columns.ofSlot(to - 1);
    for (let column = columns.ofSlot(from); column <= last; column++) {
      const before = states[column] ?? STATE.unknown;
      if (before === STATE.unknown || state > before) states[column] = state;
    }
  }
  return states;
}

function stateOf({ expected, reporting, lost }: Completeness): number {
  if (lost > 0) return STATE.lost;
  if (reporting < expected) return STATE.missing;
  return expected + reporting === 0 ? STATE.unknown : STATE.complete;
}
