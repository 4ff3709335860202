/*
 * How long to wait before something that failed is tried again: twice as long each time, up to a bound. In: failures in a
 * row. Out: a wait, in the unit of the bounds.
 */

export interface Waits {
  readonly first: number;
  readonly most: number;
}

/** After this many failures in a row; 1 is the first. */
export function waitAfter(failures: number, { first, most }: Waits): number {
  return Math.min(first * 2 ** (failures - 1), most);
}

/** Between half of it and all of it, at random: those who failed together do not come again together. */
export function jittered(wait: number): number {
  return wait * (0.5 + Math.random() / 2);
}

export class Backoff {
  private count = 0;
  private readonly waits: Waits;

  constructor(waits: Waits) {
    this.waits = waits;
  }

  /** In a row, so far. */
  get failures(): number {
    return this.count;
  }

  /** Once more; returns the wait. */
  failed(): number {
    return waitAfter(++this.count, this.waits);
  }

  succeeded(): void {
    this.count = 0;
  }
}
