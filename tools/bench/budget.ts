/*
 * Time for all measurements together. In: the total. Out: limits for each, so that the whole always
 * ends: a measurement that hangs is stopped and reported, one without time left is not started.
 */
import { within } from '../../common/service/deadline';

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

  /** Stops the current measurement now. */
  giveUp(why: string): void {
    this.stop?.(new Error(why));
  }

  /** Rejects after `limitMs`, or when everything is stopped; the work may then go on in the background. */
  async within<T>(limitMs: number, work: () => T | Promise<T>): Promise<T> {
    const working = (async () => work())();
    return await within(limitMs, Promise.race([working, this.stopped]), () => {
      throw new Error(`given up after ${Math.round(limitMs / 1000)} s`);
    });
  }
}
