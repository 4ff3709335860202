/*
 * How many may do something at a time. In: who wants to begin. Out: a place, at once or after waiting in order; or, when
 * too many wait already or it took too long, NO_RESOURCE with when to try again. Whoever leaves makes room.
 *
 * Room may be shared: a share (such as one client of many) holds at most as many places as are free, or a part of that. Alone
 * it gets half of them; two get a third each; and whoever comes from another share finds room, however many ask for the first.
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
  /** On whose shares: each must have room. Without any it gets any place that is free. */
  readonly shares?: Shares;
}

export interface Share {
  readonly name: string;
  /** It holds at most this many places for each that is free. */
  readonly perFree: number;
}

export type Shares = readonly Share[];

/** Places, by share. */
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
  /** In order of arrival, with the shares of each: a Map keeps the order, and lets anybody leave from the middle. */
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

  /** Whoever comes now is refused. */
  get full(): boolean {
    return this.inside.full && this.line.full;
  }

  /** A place now, or none; then `leave` must be called, once, with the same shares. */
  tryEnter(shares = NO_SHARES): boolean {
    if (!this.inside.hasRoomFor(shares)) return false;
    this.inside.take(shares);
    return true;
  }

  /** Resolves with a place; then `leave` must be called, once. `gone`: whoever waited is not there any more. */
  async enter(who?: Waiting): Promise<void> {
    const { gone, shares = NO_SHARES } = who ?? {};
    if (this.tryEnter(shares)) return;
    const { waitMs, full, late = 'this is taking too long' } = this.o;
    if (!this.line.hasRoomFor(shares)) {
      const why = full?.(this.running, this.waiting) ?? `${this.running} are at it already`;
      throw new CaError('NO_RESOURCE', why, { retryAfter: 1 });
    }
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

  /** The place goes on to who waited longest of those whose shares have room. */
  leave(shares = NO_SHARES): void {
    this.inside.giveBack(shares);
    if (this.line.taken === 0) return;
    for (const [turn, next] of this.queue) if (this.inside.hasRoomFor(next)) turn();
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
