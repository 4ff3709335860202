/*
 * When the reports of each second came. In: each message, as it comes. Out: for the last minutes, how many came, and which
 * one was last: so that of a second that was not complete in time it can be said where its reports were.
 */

/** Of one second, ours. */
export interface Arrival {
  messages: number;
  /** The message that came last: ms after the end of the second, its node, and how long it had been under way by the node's clock. */
  lastMs: number;
  node: string;
  underWayMs: number;
}

const SECONDS = 300;

export class Arrivals {
  private readonly seconds = new Map<number, Arrival>();

  note(node: string, second: number, duration: number, sent: number, now: number): void {
    const lastMs = now - 1000 * (second + duration);
    const known = this.seconds.get(second);
    if (known !== undefined) {
      known.messages++;
      if (lastMs < known.lastMs) return;
      known.lastMs = lastMs;
      known.node = node;
      known.underWayMs = Math.round(now - sent);
      return;
    }
    this.seconds.set(second, { messages: 1, lastMs, node, underWayMs: Math.round(now - sent) });
    for (const oldest of this.seconds.keys()) {
      if (this.seconds.size <= SECONDS) break;
      this.seconds.delete(oldest);
    }
  }

  of(second: number): Arrival | undefined {
    return this.seconds.get(second);
  }
}
