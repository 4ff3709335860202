/*
 * Requests that wait for nodes to report. In: a slot, and how long somebody is ready to wait for it.
 * Out: the milliseconds that it took until all expected nodes had reported, or until the time was over.
 */
import { CaError } from '../../../common/service/errors';

/** Requests that may wait for data of one instrumentation. */
export const WAITING_REQUESTS = 1000;

interface Waiter {
  readonly slot: number;
  readonly done: () => void;
  readonly fail: (error: CaError) => void;
}

export class Waiting {
  private readonly waiters = new Set<Waiter>();
  private readonly complete: (slot: number) => boolean;

  /** `complete` says of a slot whether everybody who was expected has reported. */
  constructor(complete: (slot: number) => boolean) {
    this.complete = complete;
  }

  get size(): number {
    return this.waiters.size;
  }

  /** 0 when nothing had to be waited for. Rejects when too many wait, or when the instrumentation or the asker goes away. */
  async until(slot: number, timeoutMs: number, gone?: AbortSignal): Promise<number> {
    if (timeoutMs === 0 || this.complete(slot)) return 0;
    if (this.waiters.size >= WAITING_REQUESTS) {
      throw new CaError('NO_RESOURCE', `${WAITING_REQUESTS} requests wait for this instrumentation already`, {
        retryAfter: 1,
      });
    }
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiter.done();
      }, timeoutMs);
      const abandon = (): void => {
        waiter.fail(new CaError('NO_RESOURCE', 'the client went away'));
      };
      gone?.addEventListener('abort', abandon, { once: true });
      const leave = (): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', abandon);
        this.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        slot,
        done: () => {
          leave();
          resolve();
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.waiters.add(waiter);
    });
    return Math.max(1, Math.round(performance.now() - began));
  }

  /** After a report, and once a second: who expected nodes may have become fewer. */
  check(): void {
    for (const waiter of this.waiters) if (this.complete(waiter.slot)) waiter.done();
  }

  end(error: CaError): void {
    for (const waiter of this.waiters) waiter.fail(error);
  }
}
