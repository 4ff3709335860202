/*
 * A share of one CPU for each user who causes work. In: the user, and how long the work took. Out: whether more may
 * be done for that user now: the longer work took, the longer the pause before the next, so that it stays within that share.
 */
import type { Owner } from './blocking-io-pool';

export class Share {
  private readonly share: number;
  private readonly now: () => number;
  private readonly next = new Map<string, number>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(share: number, now: () => number = () => performance.now()) {
    this.share = share;
    this.now = now;
  }

  /** No user is over his share now. */
  get isIdle(): boolean {
    const now = this.now();
    for (const [owner, at] of this.next) if (at <= now) this.next.delete(owner);
    return this.next.size === 0;
  }

  /** The machine's own work is never limited. */
  isSpent(owner: Owner): boolean {
    return owner !== undefined && this.now() < (this.next.get(owner) ?? 0);
  }

  spend(owner: Owner, milliseconds: number): void {
    if (owner === undefined) return;
    const now = this.now();
    for (const [other, at] of this.next) if (at <= now) this.next.delete(other);
    this.next.set(owner, Math.max(now, this.next.get(owner) ?? 0) + milliseconds / this.share);
  }
}

/** CPU time of this process: a busy machine does not make the work longer. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
