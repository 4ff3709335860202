/*
 * How many may do something at a time. In: who wants to begin. Out: a place, at once or after waiting in order; or, when
 * too many wait already or it took too long, NO_RESOURCE with when to try again. Whoever leaves makes room.
 */
import { CaError } from './errors';

export interface LimiterOptions {
  readonly atATime: number;
  /** More than these may not wait; default: nobody waits. */
  readonly waiting?: number;
  /** Longest wait, milliseconds; default: none. */
  readonly waitMs?: number;
  /** What is told to who is refused. */
  readonly full?: (inside: number, waiting: number) => string;
  readonly late?: string;
}

/** Asked only of who must wait: making a signal costs more than passing through. */
export interface Waiting {
  readonly gone: AbortSignal;
}

export class Limiter {
  /** In order: a Set keeps it, and lets anybody leave from the middle. */
  private readonly queue = new Set<() => void>();
  private readonly o: LimiterOptions;
  private inside = 0;

  constructor(options: LimiterOptions) {
    this.o = options;
  }

  get running(): number {
    return this.inside;
  }

  get waiting(): number {
    return this.queue.size;
  }

  /** Whoever comes now is refused. */
  get full(): boolean {
    return this.inside >= this.o.atATime && this.queue.size >= (this.o.waiting ?? 0);
  }

  /** A place now, or none; then `leave` must be called, once. */
  tryEnter(): boolean {
    if (this.inside >= this.o.atATime) return false;
    this.inside++;
    return true;
  }

  /** Resolves with a place; then `leave` must be called, once. `gone`: whoever waited is not there any more. */
  async enter(who?: Waiting): Promise<void> {
    if (this.tryEnter()) return;
    const { waitMs, full, late = 'this is taking too long' } = this.o;
    if (this.full) {
      const why = full?.(this.inside, this.queue.size) ?? `${this.inside} are at it already`;
      throw new CaError('NO_RESOURCE', why, { retryAfter: 1 });
    }
    const gone = who?.gone;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', abandon);
        this.queue.delete(turn);
      };
      const turn = (): void => {
        end();
        resolve();
      };
      const abandon = (): void => {
        end();
        reject(new CaError('NO_RESOURCE', 'the client went away'));
      };
      const timer =
        waitMs === undefined
          ? undefined
          : setTimeout(() => {
              end();
              reject(new CaError('NO_RESOURCE', late, { retryAfter: 1 }));
            }, waitMs);
      gone?.addEventListener('abort', abandon, { once: true });
      this.queue.add(turn);
    });
  }

  leave(): void {
    const [next] = this.queue;
    if (next === undefined) this.inside--;
    else next(); // the place goes on to whoever waited longest
  }

  /** `work` in its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
