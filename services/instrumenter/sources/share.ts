/*
 * A share of one CPU for each of those who make us work. In: who it was for, and how long it took. Out: whether more may
 * be done for him already: what took long is not done again before as much time has passed as makes it that share.
 */
import type { Owner } from './blocking-io-pool';

export class Share {
  private readonly share: number;
  private readonly now: () => number;
  private readonly next = new Map<string, number>();

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(share: number, now: () => number = () => performance.now()) {
    this.share = share;
    this.now = now;
  }

  /** Nobody is held back at present. */
  get isIdle(): boolean {
    const now = this.now();
    for (const [owner, at] of this.next) if (at <= now) this.next.delete(owner);
    return this.next.size === 0;
  }

  /** The machine's own work is never held back. */
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

/** Of this process, on its CPUs: a machine that is busy makes nobody's work longer. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
