/*
 * Returns unused memory to the system: an idle process allocates too little for V8 to collect garbage by itself.
 * In: a call at the right moment. Out: a smaller process.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** Node.js 24 keeps the pages that a collection has emptied, but not after one of last resort; Node.js 20 has no such flavour. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect();
  collect({ type: 'major', flavor: 'last-resort' });
}

const BUSY_PER_SECOND = 100;
const QUIET_SECONDS = 15;

/** Collects once after each burst of work, when a quiet period follows. `count` counts work, and only grows. */
export class AfterBurst {
  private last = 0;
  private quiet: number | undefined;
  private readonly count: () => number;
  private readonly collect: () => void;

  constructor(count: () => number, collect: () => void = collectGarbage) {
    this.count = count;
    this.collect = collect;
  }

  /** To be called each second. */
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
