/*
 * Time for all measurements together. In: how much there is. Out: limits for each, so that the whole always comes to an
 * end: what hangs is given up and said, what has no time left is not begun.
 */
import { messageOf } from '../../common/service/errors';

export class Budget {
  private readonly end: number;
  private readonly now: () => number;
  private stop: ((error: Error) => void) | undefined;
  private readonly stopped: Promise<never>;

  constructor(ms: number, now: () => number = Date.now) {
    this.now = now;
    this.end = now() + ms;
    this.stopped = new Promise((_resolve, reject) => (this.stop = reject));
    this.stopped.catch(() => undefined);
  }

  /** ms; negative when it is used up. */
  get left(): number {
    return this.end - this.now();
  }

  /** Whatever is being measured is given up now. */
  giveUp(why: string): void {
    this.stop?.(new Error(why));
  }

  /** Rejects after `limitMs`, or when everything is ended; the work may go on unheard then. */
  async within<T>(limitMs: number, work: () => T | Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`given up after ${Math.round(limitMs / 1000)} s`));
      }, limitMs);
    });
    const working = (async () => work())();
    // Its failure may come after it was given up.
    working.catch((error: unknown) => messageOf(error));
    try {
      return await Promise.race([working, late, this.stopped]);
    } finally {
      clearTimeout(timer);
    }
  }
}
