/*
 * Messages to oneself, through each exchange that one reads: the way of the data itself. In: what came back. Out: since
 * when each way is known to work. A connection may be open and swallow everything, an exchange or a binding may be
 * gone, and no heartbeat tells.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../service/clock';

interface Way {
  /** Send times of those that have not come back, by id, the oldest first. */
  readonly sent: Map<string, number>;
  /** When the newest that has come back was sent. */
  echoed: number;
}

/** Messages to ourselves that may be under way on one exchange: one a second. */
const UNDER_WAY = 120;

export class Echo {
  private readonly ways = new Map<string, Way>();
  private readonly clock: Pick<Clock, 'now'>;
  /** Before this nothing could come back: the bus was away, or we stood still. */
  private ableSince: number;

  constructor(clock: Pick<Clock, 'now'>, keys: readonly string[]) {
    this.clock = clock;
    this.ableSince = clock.now();
    for (const key of keys) this.ways.set(key, { sent: new Map(), echoed: 0 });
  }

  get keys(): readonly string[] {
    return [...this.ways.keys()];
  }

  /** An id for the next message through a way. Only we know it. */
  next(key: string): string {
    const id = randomUUID();
    const way = this.ways.get(key);
    if (way === undefined) return id;
    way.sent.set(id, this.clock.now());
    for (const oldest of way.sent.keys()) {
      if (way.sent.size <= UNDER_WAY) break;
      way.sent.delete(oldest);
    }
    return id;
  }

  /** False: not one of ours. */
  came(key: string, id: string): boolean {
    const way = this.ways.get(key);
    const sentAt = way?.sent.get(id);
    if (way === undefined || sentAt === undefined) return false;
    // They keep their order: what was sent before it is not on the way any more.
    for (const [other, at] of way.sent) {
      way.sent.delete(other);
      way.echoed = Math.max(way.echoed, at);
      if (other === id) break;
    }
    return true;
  }

  /** It came back because nobody got it. */
  returned(key: string, id: string): boolean {
    return this.ways.get(key)?.sent.delete(id) ?? false;
  }

  unable(): void {
    this.ableSince = this.clock.now();
  }

  echoedAt(key: string): number {
    return this.ways.get(key)?.echoed ?? 0;
  }

  /** How long nothing has come back through a way, although it could have, ms. */
  lateMs(key: string): number {
    return Math.max(0, this.clock.now() - Math.max(this.echoedAt(key), this.ableSince));
  }

  /** The way that is worst off. */
  get worst(): { readonly key: string; readonly ms: number } | undefined {
    let worst: { key: string; ms: number } | undefined;
    for (const key of this.ways.keys()) {
      const ms = this.lateMs(key);
      if (worst === undefined || ms > worst.ms) worst = { key, ms };
    }
    return worst;
  }
}
