/*
 * Token buckets, one per sender: a burst, and a rate per second. In: a sender. Out: whether it may send.
 * None can use up another's; idle senders, whose buckets are full again, are forgotten.
 */
import type { Clock } from './clock';

interface Left {
  tokens: number;
  at: number;
}

/** Greatest number of senders kept; above it, those with full buckets are forgotten first. */
const REMEMBERED = 200_000;

export class Allowance {
  private readonly left = new Map<string, Left>();
  private readonly o: {
    readonly clock: Pick<Clock, 'now'>;
    readonly perSecond: number;
    readonly burst: number;
  };

  constructor(options: Allowance['o']) {
    this.o = options;
  }

  take(who: string): boolean {
    const { clock, perSecond, burst } = this.o;
    const now = clock.now();
    let left = this.left.get(who);
    if (left === undefined) {
      if (this.left.size >= REMEMBERED) this.forget(now);
      if (this.left.size >= REMEMBERED) return false;
      left = { tokens: burst, at: now };
      this.left.set(who, left);
    }
    // A clock that was set back gives nothing.
    left.tokens = Math.min(burst, left.tokens + (Math.max(0, now - left.at) / 1000) * perSecond);
    left.at = now;
    if (left.tokens < 1) return false;
    left.tokens--;
    return true;
  }

  private forget(now: number): void {
    const { perSecond, burst } = this.o;
    for (const [who, { tokens, at }] of this.left) {
      if (tokens + ((now - at) / 1000) * perSecond >= burst) this.left.delete(who);
    }
  }
}
