/*
 * How complete the columns of a picture are. In: runs of equally complete slots, as an answer has them. Out: one entry
 * for each column, and whether anything may still be mended.
 */
import type { ImageAnswer } from '../../../../common/api/heatmap.ts';
import type { Completeness } from './answers.ts';

export interface SlotStanding extends Completeness {
  /** Seconds since 1970. */
  readonly start: number;
}

/** A late report usually comes within this: until then an incomplete picture is asked for again each second. */
const SOON_SECONDS = 10;
/** Nodes keep a minute of reports while the broker is away. Until then it is asked for now and then; older gaps are final. */
const MENDABLE_SECONDS = 120;
const NOW_AND_THEN = 5;

type Answer = Pick<ImageAnswer, 'start_time' | 'duration' | 'completeness'>;

/** Of several slots in a column the one that most nodes missed. */
export function slotsOf(
  { start_time: start, duration, completeness }: Answer,
  step: number,
  granularity: number,
): SlotStanding[] {
  const slots = Array.from({ length: Math.round(duration / step) }, (_, i) => ({
    start: start + i * step,
    nsources: 0,
    minreporting: 0,
    lost: 0,
  }));
  for (const { time, duration: length, expected, reporting, lost } of completeness) {
    const end = Math.min(time + length, start + duration);
    for (let second = Math.max(time, start); second < end;) {
      const slot = slots[Math.floor((second - start) / step)];
      if (slot === undefined) break;
      const next = Math.min(slot.start + step, end);
      slot.lost += (lost * (next - second)) / granularity;
      if (slot.nsources + slot.minreporting === 0 || expected - reporting > slot.nsources - slot.minreporting)
        Object.assign(slot, { nsources: expected, minreporting: reporting });
      second = next;
    }
  }
  return slots;
}

/** Before a question was asked nobody was expected to answer: such a slot is not zero, it is unknown. */
export function isKnown({ nsources, minreporting }: Completeness): boolean {
  return nsources > 0 || minreporting > 0;
}

export function isIncomplete({ nsources, minreporting, lost }: Completeness): boolean {
  return minreporting < nsources || lost > 0;
}

/** Whether to ask again at `now` for what was answered: late reports may have mended it. */
export function mayBeMended({ completeness }: Answer, now: number): boolean {
  const patience = Math.floor(now) % NOW_AND_THEN === 0 ? MENDABLE_SECONDS : SOON_SECONDS;
  return hasGaps(completeness, now - patience);
}

/** Nothing that may still come changes it. */
export function isSettled({ completeness }: Answer, now: number): boolean {
  return !hasGaps(completeness, now - MENDABLE_SECONDS);
}

function hasGaps(runs: Answer['completeness'], since: number): boolean {
  return runs.some(
    ({ time, duration, expected, reporting }) => reporting < expected && time + duration > since,
  );
}
