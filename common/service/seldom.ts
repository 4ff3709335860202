/*
 * Rate limit for log lines: at most a few lines of a kind per minute, so that log lines which others can cause do not
 * fill a disk. In: an occasion. Out: whether to log it, and the number skipped since the last line.
 */
import type { Clock } from './clock';

const WINDOW_MS = 60_000;
/** Greatest number of kinds in one window; all others share one more. */
const KINDS = 100;

export class Seldom {
  private readonly clock: Pick<Clock, 'now'>;
  private readonly each: number;
  private readonly kinds = new Map<string, { from: number; said: number; passedOver: number }>();

  /** `each`: lines per kind and minute. */
  constructor(clock: Pick<Clock, 'now'>, each = 1) {
    this.clock = clock;
    this.each = each;
  }

  /** Undefined: do not log. Otherwise the number of this kind skipped since the last line. */
  occasion(kind: string): number | undefined {
    const now = this.clock.now();
    if (!this.kinds.has(kind) && this.kinds.size >= KINDS) this.forget(now);
    const name = this.kinds.has(kind) || this.kinds.size < KINDS ? kind : '';
    const known = this.kinds.get(name);
    if (known === undefined) {
      this.kinds.set(name, { from: now, said: 1, passedOver: 0 });
      return 0;
    }
    if (now - known.from >= WINDOW_MS) Object.assign(known, { from: now, said: 0 });
    if (known.said >= this.each) {
      known.passedOver++;
      return undefined;
    }
    known.said++;
    const { passedOver } = known;
    known.passedOver = 0;
    return passedOver;
  }

  private forget(now: number): void {
    for (const [kind, { from }] of this.kinds) if (now - from >= WINDOW_MS) this.kinds.delete(kind);
  }
}
