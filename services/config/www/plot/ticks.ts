/*
 * When the page looks for a new second. In: the servers' clock, the second looked for last. Out: the next one, and how
 * long until it is due. Each second once, in order, whatever timers do and however often the clock is learnt anew. Pure.
 */

/** Reports of a second need a moment to arrive; asking at once would only make the service wait. */
const AFTER_SECOND_MS = 120;

/** However late the page is: clicks come in between. */
const BREATH_MS = 50;

export interface Tick {
  readonly second: number;
  readonly inMs: number;
}

/** Counted from 1970. Seconds that were slept through are made good at once: the newest brings the others with it. */
export function nextTick(nowMs: number, last: number | undefined): Tick {
  const newest = Math.floor((nowMs - AFTER_SECOND_MS) / 1000);
  // More than two seconds ahead is no early timer: the clock was set back.
  const known = last !== undefined && last <= newest + 2 ? last : newest;
  const second = Math.max(known + 1, newest);
  return { second, inMs: Math.max(BREATH_MS, 1000 * second + AFTER_SECOND_MS - nowMs) };
}
