/*
 * Who is online. In: hello, alive and goodbye messages, and the clock. Out: aggregators and nodes, and news of them.
 * Members say hello when they start and when this service does; whoever is silent too long is gone.
 */
import type { Clock } from '../../common/clock';
import { LIMITS } from '../../common/limits';
import type { Log } from '../../common/log';
import type { Body } from '../../common/message';
import type { Bus } from './bus';

export interface Aggregator {
  /** Its routing key. */
  readonly key: string;
  readonly instance: string;
  readonly host: string;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly transformations?: Body<'aggregator_online'>['transformations'];
  /** First hello, ms. */
  readonly since: number;
}

/** One instrumenter, with what it offers. */
export interface Node {
  readonly key: string;
  readonly host: string;
  readonly metadata: Body<'instrumenter_online'>['metadata'];
  readonly offers: Body<'instrumenter_online'>['offers'];
  readonly since: number;
}

export interface MemberNews {
  /** A hello: new, restarted, or merely asked to say it again. What it was told before may be lost. */
  readonly aggregatorUp: (aggregator: Aggregator) => void;
  readonly aggregatorGone: (aggregator: Aggregator) => void;
  readonly nodeUp: (node: Node) => void;
  readonly nodeGone: (node: Node) => void;
}

interface Seen<T> {
  readonly member: T;
  lastSeen: number;
}

export class Members {
  private readonly aggregatorsByKey = new Map<string, Seen<Aggregator>>();
  private readonly nodesByKey = new Map<string, Seen<Node>>();
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly news: MemberNews;

  constructor(options: { clock: Clock; log: Log; news: MemberNews }) {
    this.clock = options.clock;
    this.log = options.log;
    this.news = options.news;
  }

  get aggregators(): Aggregator[] {
    return [...this.aggregatorsByKey.values()].map(({ member }) => member);
  }

  /** In the order of their first hello. */
  get nodes(): Node[] {
    return [...this.nodesByKey.values()].map(({ member }) => member);
  }

  aggregator(instance: string): Aggregator | undefined {
    for (const { member } of this.aggregatorsByKey.values()) if (member.instance === instance) return member;
    return undefined;
  }

  node(key: string): Node | undefined {
    return this.nodesByKey.get(key)?.member;
  }

  /** Milliseconds since a member was last heard of. */
  silentMs(key: string): number {
    const seen = this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key);
    return seen === undefined ? Infinity : this.clock.now() - seen.lastSeen;
  }

  /** Takes all that members say about themselves. */
  listen(bus: Bus): void {
    bus.on('aggregator_online', (body, { from, host }) => {
      const since = this.aggregatorsByKey.get(from)?.member.since ?? this.clock.now();
      const member = { key: from, host, since, ...body };
      this.aggregatorsByKey.set(from, { member, lastSeen: this.clock.now() });
      this.log.info({ aggregator: body.instance, port: body.httpPort }, 'aggregator online');
      this.news.aggregatorUp(member);
      return undefined;
    });
    bus.on('instrumenter_online', (body, { from, host }) => {
      const since = this.nodesByKey.get(from)?.member.since ?? this.clock.now();
      const member = { key: from, host, since, ...body };
      this.nodesByKey.set(from, { member, lastSeen: this.clock.now() });
      this.log.info({ node: host, offers: body.offers.length }, 'instrumenter online');
      this.news.nodeUp(member);
      return undefined;
    });
    bus.on('alive', (_body, { from }) => {
      // We restarted, or gave it up too early: it says hello again and gets all it should have.
      if (!this.seen(from)) bus.tell(from, 'config_online', {});
      return undefined;
    });
    bus.on('offline', (_body, { from }) => {
      this.gone(from, 'said goodbye');
      return undefined;
    });
  }

  /** Anything a member says shows that it is there. False: it is not known here. */
  seen(key: string): boolean {
    const seen = this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key);
    if (seen !== undefined) seen.lastSeen = this.clock.now();
    return seen !== undefined;
  }

  /** While we were cut off from the broker nobody could be heard: everybody's silence starts anew. */
  forgiveSilence(): void {
    const now = this.clock.now();
    for (const seen of this.aggregatorsByKey.values()) seen.lastSeen = now;
    for (const seen of this.nodesByKey.values()) seen.lastSeen = now;
  }

  /** Called each second. */
  expire(): void {
    const late = (seenByKey: Map<string, Seen<unknown>>, limitMs: number): string[] =>
      [...seenByKey].filter(([, s]) => this.clock.now() - s.lastSeen > limitMs).map(([key]) => key);
    for (const key of late(this.aggregatorsByKey, LIMITS.aggregatorSilentMs)) this.gone(key, 'is silent');
    for (const key of late(this.nodesByKey, LIMITS.instrumenterSilentMs)) this.gone(key, 'is silent');
  }

  private gone(key: string, why: string): void {
    const aggregator = this.aggregatorsByKey.get(key)?.member;
    const node = this.nodesByKey.get(key)?.member;
    if (aggregator === undefined && node === undefined) return;
    this.log.warn({ member: key, why }, 'a member is gone');
    this.aggregatorsByKey.delete(key);
    this.nodesByKey.delete(key);
    if (aggregator !== undefined) this.news.aggregatorGone(aggregator);
    if (node !== undefined) this.news.nodeGone(node);
  }
}
