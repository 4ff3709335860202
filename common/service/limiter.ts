/*
 * How many may do something at a time. In: who wants to begin. Out: a place, at once or after waiting in order; or, when
 * too many wait already or it took too long, NO_RESOURCE with when to try again. Whoever leaves makes room.
 *
 * Room may be shared: a share (such as one question of many) holds at most as many places as are free. Alone it gets half of
 * them; two get a third each; and whoever comes from another share finds room, however many ask for the first.
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
  /** On whose share; without one it gets any place that is free. */
  readonly share?: string;
}

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

  hasRoomFor(share: string | undefined): boolean {
    const held = share === undefined ? 0 : (this.byShare.get(share) ?? 0);
    return held < this.size - this.taken;
  }

  take(share: string | undefined): void {
    this.taken++;
    if (share !== undefined) this.byShare.set(share, (this.byShare.get(share) ?? 0) + 1);
  }

  giveBack(share: string | undefined): void {
    this.taken--;
    if (share === undefined) return;
    const left = (this.byShare.get(share) ?? 0) - 1;
    if (left > 0) this.byShare.set(share, left);
    else this.byShare.delete(share);
  }
}

export class Limiter {
  /** In order of arrival, with whose share each is on: a Map keeps the order, and lets anybody leave from the middle. */
  private readonly queue = new Map<() => void, string | undefined>();
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

  /** A place now, or none; then `leave` must be called, once, for the same share. */
  tryEnter(share?: string): boolean {
    if (!this.inside.hasRoomFor(share)) return false;
    this.inside.take(share);
    return true;
  }

  /** Resolves with a place; then `leave` must be called, once. `gone`: whoever waited is not there any more. */
  async enter(who?: Waiting): Promise<void> {
    const share = who?.share;
    if (this.tryEnter(share)) return;
    const { waitMs, full, late = 'this is taking too long' } = this.o;
    if (!this.line.hasRoomFor(share)) {
      const why = full?.(this.running, this.waiting) ?? `${this.running} are at it already`;
      throw new CaError('NO_RESOURCE', why, { retryAfter: 1 });
    }
    const gone = who?.gone;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', abandon);
        this.queue.delete(turn);
        this.line.giveBack(share);
      };
      const turn = (): void => {
        end();
        this.inside.take(share);
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
      this.line.take(share);
      this.queue.set(turn, share);
    });
  }

  /** The place goes on to who waited longest of those whose share has room. */
  leave(share?: string): void {
    this.inside.giveBack(share);
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
