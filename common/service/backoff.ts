/*
 * Exponential back-off: waits double up to a bound. In: consecutive failures. Out: a wait, in the unit of the bounds.
 */

export interface Waits {
  readonly first: number;
  readonly most: number;
}

/** The wait after this many consecutive failures, from 1 on. */
export function waitAfter(failures: number, { first, most }: Waits): number {
  return Math.min(first * 2 ** (failures - 1), most);
}

/** A random wait between half and all of it, so that clients that failed together do not retry together. */
export function jittered(wait: number): number {
  return wait * (0.5 + Math.random() / 2);
}

export class Backoff {
  private count = 0;
  private readonly waits: Waits;

  constructor(waits: Waits) {
    this.waits = waits;
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.count;
  }

  /** Counts a failure; returns the wait. */
  failed(): number {
    return waitAfter(++this.count, this.waits);
  }

  succeeded(): void {
    this.count = 0;
  }
}
