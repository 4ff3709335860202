/*
 * Limits concurrency. In: requests to enter. Out: a place, at once or after waiting in order; or NO_RESOURCE with a time
 * to retry, when too many wait or the wait is too long. Leaving frees the place.
 *
 * Room may be shared: a share (such as one client of many) holds at most as many places as are free, or a part of that. One share
 * alone gets half of the places, two get a third each: a new share always finds room, however many wait for the first.
 */
import { CaError } from './errors';

export interface LimiterOptions {
  readonly atATime: number;
  /** Greatest number of waiters; default: 0. */
  readonly waiting?: number;
  /** Longest wait, milliseconds; default: none. */
  readonly waitMs?: number;
  /** The error message for refused requests. */
  readonly full?: (inside: number, waiting: number) => string;
  readonly late?: string;
}

export interface Waiting {
  /** Read only when a request must wait: creating a signal costs more than entering. */
  readonly gone: AbortSignal;
  /** Shares that must all have room. Without any, every free place will do. */
  readonly shares?: Shares;
}

export interface Share {
  readonly name: string;
  /** Greatest number of places it holds per free place. */
  readonly perFree: number;
}

export type Shares = readonly Share[];

/** Places by share. */
class Places {
  taken = 0;
  private readonly byShare = new Map<string, number>();
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get full(): boolean {
    return this.taken >= this.size;
  }

  hasRoomFor(shares: Shares): boolean {
    const free = this.size - this.taken;
    return free > 0 && shares.every(({ name, perFree }) => (this.byShare.get(name) ?? 0) < perFree * free);
  }

  take(shares: Shares): void {
    this.taken++;
    for (const { name } of shares) this.byShare.set(name, (this.byShare.get(name) ?? 0) + 1);
  }

  giveBack(shares: Shares): void {
    this.taken--;
    for (const { name } of shares) {
      const left = (this.byShare.get(name) ?? 0) - 1;
      if (left > 0) this.byShare.set(name, left);
      else this.byShare.delete(name);
    }
  }
}

const NO_SHARES: Shares = [];

export class Limiter {
  /** Waiters in order of arrival, with their shares: a Map keeps the order and allows removal from the middle. */
  private readonly queue = new Map<() => void, Shares>();
  private readonly o: LimiterOptions;
  private readonly inside: Places;
  private readonly line: Places;

  constructor(options: LimiterOptions) {
    this.o = options;
    this.inside = new Places(options.atATime);
    this.line = new Places(options.waiting ?? 0);
  }

  get running(): number {
    return this.inside.taken;
  }

  get waiting(): number {
    return this.line.taken;
  }

  /** True if the next request would be refused. */
  get full(): boolean {
    return this.inside.full && this.line.full;
  }

  /** Takes a place now, if there is one; then `leave` must be called once, with the same shares. */
  tryEnter(shares = NO_SHARES): boolean {
    if (!this.inside.hasRoomFor(shares)) return false;
    this.inside.take(shares);
    return true;
  }

  /** Resolves with a place; then `leave` must be called once. `gone`: the waiter has gone away. */
  async enter(who?: Waiting): Promise<void> {
    const { shares = NO_SHARES } = who ?? {};
    if (this.tryEnter(shares)) return;
    const { waitMs, full, late = 'this is taking too long' } = this.o;
    if (!this.line.hasRoomFor(shares)) {
      const why = full?.(this.running, this.waiting) ?? `${this.running} are at it already`;
      throw new CaError('NO_RESOURCE', why, { retryAfter: 1 });
    }
    const gone = who?.gone;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', abandon);
        this.queue.delete(turn);
        this.line.giveBack(shares);
      };
      const turn = (): void => {
        end();
        this.inside.take(shares);
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
      this.line.take(shares);
      this.queue.set(turn, shares);
    });
  }

  /** Passes the place to the longest waiter whose shares have room. */
  leave(shares = NO_SHARES): void {
    this.inside.giveBack(shares);
    if (this.line.taken === 0) return;
    for (const [turn, next] of this.queue) if (this.inside.hasRoomFor(next)) turn();
  }

  /** Runs `work` in a place of its own. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
