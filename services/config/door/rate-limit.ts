/*
 * Counts wrong tokens by address and minute. In: failures. Out: how long an address must wait.
 */
import type { Clock } from '../../../common/service/clock';

/** Failures per minute and address that are not delayed. */
export const FAILURES_PER_MINUTE = 10;
/** Greatest number of addresses kept. */
export const ADDRESSES = 10_000;

const MINUTE_MS = 60_000;

export class RateLimit {
  private readonly failures = new Map<string, { count: number; until: number }>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Counts a failure; returns the seconds to wait when there were too many, or 0. */
  failed(address: string): number {
    const now = this.clock.now();
    const known = this.failures.get(address);
    const fresh = known === undefined || now >= known.until;
    const entry = fresh ? { count: 0, until: now + MINUTE_MS } : known;
    entry.count++;
    // Move it to the end: the longest inactive address is dropped first.
    this.failures.delete(address);
    this.failures.set(address, entry);
    for (const oldest of this.failures.keys()) {
      if (this.failures.size <= ADDRESSES) break;
      this.failures.delete(oldest);
    }
    return entry.count > FAILURES_PER_MINUTE ? Math.ceil((entry.until - now) / 1000) : 0;
  }
}
