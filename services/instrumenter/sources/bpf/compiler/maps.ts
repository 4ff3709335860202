/* The maps that the programs of a question share with user space: what they are called and what lies in them. Data. */

/** Names of the maps that the programs of one question share. */
export const MAPS = {
  control: 'control',
  lost: 'lost',
  counts: ['counts0', 'counts1'],
  kept: 'kept',
  /** Cgroup -> cases that its zone allows. */
  verdicts: 'verdicts',
} as const;
/**
 * Bytes of the control map's value: the phase with its end, then the wall clock's offset. The first is one word, so that
 * a program never sees half of a change: its lowest bit is the phase; from the other bits' complement on, in nanoseconds
 * of the monotonic clock, the other phase has begun. 0 and 1 are phases without an end.
 */
export const CONTROL = { phase: 0, wallOffset: 8, bytes: 16 } as const;

/** The word for a phase that ends at a time; undefined: when it is told to. */
export function phaseWord(phase: number, end?: bigint): bigint {
  const bit = BigInt(phase & 1);
  return end === undefined ? bit : (BigInt.asUintN(64, ~end) & ~1n) | bit;
}
/** Bytes of a counter. */
export const COUNTER_BYTES = 8;
/** Where counters of lost events lie in their map's value, by phase: no room for a key, no room for a call under way. */
export const LOST = {
  keys: (phase: number) => phase * COUNTER_BYTES,
  inFlight: (phase: number) => (MAPS.counts.length + phase) * COUNTER_BYTES,
  bytes: 2 * MAPS.counts.length * COUNTER_BYTES,
} as const;
