/*
 * Requests that wait for nodes to report. In: a slot, and a timeout.
 * Out: the milliseconds that it took until all expected nodes had reported, or until the time was over.
 */
import { CaError } from '../../../common/service/errors';

/** Greatest number of waiting requests per instrumentation. */
export const WAITING_REQUESTS = 1000;

interface Waiter {
  readonly slot: number;
  readonly done: () => void;
  readonly fail: (error: CaError) => void;
}

export class Waiting {
  private readonly waiters = new Set<Waiter>();
  private readonly complete: (slot: number) => boolean;

  /** `complete` returns whether all expected nodes have reported for a slot. */
  constructor(complete: (slot: number) => boolean) {
    this.complete = complete;
  }

  get size(): number {
    return this.waiters.size;
  }

  /** Resolves to the time waited, or 0. Rejects when too many wait, or when the instrumentation or the client goes away. */
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

  /** To be called after a report, and once a second: the expected nodes may have become fewer. */
  check(): void {
    for (const waiter of this.waiters) if (this.complete(waiter.slot)) waiter.done();
  }

  end(error: CaError): void {
    for (const waiter of this.waiters) waiter.fail(error);
  }
}
