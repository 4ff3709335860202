/* The clocks of the machine, to the nanosecond. In: clock_gettime(2). Out: a time; how far apart two clocks are. */
import { CLOCK } from './abi';

/** Writes seconds and nanoseconds, 8 bytes each. */
export type ClockGettime = (clock: number, time: Buffer) => unknown;

const NS_PER_SECOND = 1_000_000_000n;
const TRIES = 3;

export function readClock(gettime: ClockGettime, clock: number): bigint {
  const time = Buffer.alloc(16);
  gettime(clock, time);
  return time.readBigInt64LE(0) * NS_PER_SECOND + time.readBigInt64LE(8);
}

/** From the monotonic clock to the wall clock. */
export function wallOffset(gettime: ClockGettime): bigint {
  // A delay between two readings would look like a difference of the clocks: the closest pair of several counts.
  const tries = Array.from({ length: TRIES }, () => {
    const before = readClock(gettime, CLOCK.monotonic);
    const wall = readClock(gettime, CLOCK.realtime);
    const gap = readClock(gettime, CLOCK.monotonic) - before;
    return { gap, offset: wall - before - gap / 2n };
  });
  return tries.reduce((best, one) => (one.gap < best.gap ? one : best)).offset;
}
