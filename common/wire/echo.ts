/*
 * Messages to oneself, through each exchange that one reads, the same way as the data. In: what came back. Out: until
 * when each way is known to have worked. A connection may be open and drop everything, or an exchange or binding may
 * be gone: heartbeats do not show it.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../service/clock';

interface Way {
  /** Send times of messages that have not come back, by id, oldest first. */
  readonly sent: Map<string, number>;
  /** Send time of the newest message that came back. */
  echoed: number;
}

/** Greatest number of messages to ourselves under way on one exchange; one is sent per second. */
const UNDER_WAY = 120;

export class Echo {
  private readonly ways = new Map<string, Way>();
  private readonly clock: Pick<Clock, 'now'>;
  /** Before this time nothing could come back: the bus was away, or this process was stopped. */
  private ableSince: number;

  constructor(clock: Pick<Clock, 'now'>, keys: readonly string[]) {
    this.clock = clock;
    this.ableSince = clock.now();
    for (const key of keys) this.ways.set(key, { sent: new Map(), echoed: 0 });
  }

  get keys(): readonly string[] {
    return [...this.ways.keys()];
  }

  /** A secret id for the next message through a way. */
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

  /** False: not our message. */
  came(key: string, id: string): boolean {
    const way = this.ways.get(key);
    const sentAt = way?.sent.get(id);
    if (way === undefined || sentAt === undefined) return false;
    // Messages keep their order: those sent before this one are lost.
    for (const [other, at] of way.sent) {
      way.sent.delete(other);
      way.echoed = Math.max(way.echoed, at);
      if (other === id) break;
    }
    return true;
  }

  /** It was returned as unroutable. */
  returned(key: string, id: string): boolean {
    return this.ways.get(key)?.sent.delete(id) ?? false;
  }

  unable(): void {
    this.ableSince = this.clock.now();
  }

  echoedAt(key: string): number {
    return this.ways.get(key)?.echoed ?? 0;
  }

  /** Time in ms for which nothing came back through a way, although it could have. */
  lateMs(key: string): number {
    return Math.max(0, this.clock.now() - Math.max(this.echoedAt(key), this.ableSince));
  }

  /** The way for which nothing has come back longest. */
  get worst(): { readonly key: string; readonly ms: number } | undefined {
    let worst: { key: string; ms: number } | undefined;
    for (const key of this.ways.keys()) {
      const ms = this.lateMs(key);
      if (worst === undefined || ms > worst.ms) worst = { key, ms };
    }
    return worst;
  }
}
