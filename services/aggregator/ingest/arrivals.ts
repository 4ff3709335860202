/*
 * When the reports of each second came. In: each message, as it comes. Out: for the last minutes, the number of messages
 * and the last one, to explain why a second was not complete in time.
 */

import type { Arrival } from '../../../common/api/status';

/** Number of seconds kept. */
const SECONDS = 300;

export class Arrivals {
  private readonly seconds = new Map<number, Arrival>();

  note(node: string, second: number, duration: number, sent: number, now: number): void {
    const lastMs = now - 1000 * (second + duration);
    const underWayMs = Math.round(now - sent);
    const known = this.seconds.get(second);
    const messages = (known?.messages ?? 0) + 1;
    const isLast = known === undefined || lastMs >= known.lastMs;
    this.seconds.set(second, isLast ? { messages, lastMs, node, underWayMs } : { ...known, messages });
    for (const oldest of this.seconds.keys()) {
      if (this.seconds.size <= SECONDS) break;
      this.seconds.delete(oldest);
    }
  }

  of(second: number): Arrival | undefined {
    return this.seconds.get(second);
  }
}
