/*
 * Memory that nobody needs any more goes back to the machine: an idle process allocates too little for V8 to collect it
 * by itself. In: the moment. Out: a smaller process.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

const BUSY_PER_SECOND = 100;
const QUIET_SECONDS = 15;

/** After a burst of work, when it has been quiet for a while: once. Work is counted by `count`, which only grows. */
export class AfterBurst {
  private last = 0;
  private quiet: number | undefined;
  private readonly count: () => number;
  private readonly collect: () => void;

  constructor(count: () => number, collect: () => void = collectGarbage) {
    this.count = count;
    this.collect = collect;
  }

  /** Each second. */
  tick(): void {
    const now = this.count();
    const busy = now - this.last >= BUSY_PER_SECOND;
    this.last = now;
    if (busy) this.quiet = 0;
    else if (this.quiet !== undefined && ++this.quiet >= QUIET_SECONDS) {
      this.quiet = undefined;
      this.collect();
    }
  }
}
