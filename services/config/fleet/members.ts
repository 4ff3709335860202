/*
 * Who is online. In: hello, alive and goodbye messages, and the clock. Out: aggregators and nodes, and news of them.
 * Members say hello when they start and when this service does.
 *
 * Silence is judged by what we have heard, not by the clock: while our own queue is behind, nobody is silent. Whoever is
 * silent for a moment is asked; it is gone when it has no queue any more (its process has ended), or when it does not
 * answer for long. So a killed aggregator is replaced within seconds, and a busy one is left alone.
 */
import type { Clock } from '../../../common/service/clock';
import { CaError } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import type { Body, NodeStanding } from '../../../common/wire/message';
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

/** One instrumenter, and how it stands, in digests. */
export interface Node {
  readonly key: string;
  readonly host: string;
  /** Of the software; undefined: not told yet. */
  version: string | undefined;
  standing: NodeStanding;
  /** First hello, ms. */
  readonly since: number;
}

interface MemberNews {
  /** A hello: new, restarted, or merely asked to say it again. What it was told before may be lost. */
  readonly aggregatorUp: (aggregator: Aggregator) => void;
  readonly aggregatorGone: (aggregator: Aggregator) => void;
  /** It has told which list of nodes it has. */
  readonly aggregatorHeard: (aggregator: Aggregator, nodes: string | undefined) => void;
  /** New, or another standing than `before`. */
  readonly nodeUp: (node: Node, before: NodeStanding | undefined) => void;
  readonly nodeGone: (node: Node) => void;
  /** It has told which document it has; `hello`: it has just come. */
  readonly nodeHeard: (node: Node, hello: boolean) => void;
}

interface Seen<T> {
  readonly member: T;
  lastSeen: number;
  /** A question is under way. */
  asking?: boolean;
}

export class Members {
  private readonly aggregatorsByKey = new Map<string, Seen<Aggregator>>();
  private readonly nodesByKey = new Map<string, Seen<Node>>();
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly news: MemberNews;
  private bus: Bus | undefined;
  /** Questions to silent members that are under way. */
  private asking = 0;
  /** What happened since the last line of the log about nodes: a line for each would bury the rest. */
  private nodesCame = 0;
  private nodesLeft = 0;

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

  get nodeCount(): number {
    return this.nodesByKey.size;
  }

  /** Milliseconds since a member was last heard of. */
  silentMs(key: string): number {
    const seen = this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key);
    return seen === undefined ? Infinity : Math.max(0, this.clock.now() - seen.lastSeen);
  }

  /** Takes all that members say about themselves. */
  listen(bus: Bus): void {
    this.bus = bus;
    bus.on('aggregator_online', (body, { from, host }) => {
      const since = this.aggregatorsByKey.get(from)?.member.since ?? this.clock.now();
      const member = { key: from, host, since, ...body };
      this.aggregatorsByKey.set(from, { member, lastSeen: this.clock.now() });
      this.log.info({ aggregator: body.instance, port: body.httpPort }, 'aggregator online');
      this.news.aggregatorUp(member);
      return undefined;
    });
    bus.on('instrumenter_online', ({ standing, version }, { from, host }) => {
      this.heard(from, host, standing, version, true);
      return undefined;
    });
    bus.on('alive', ({ standing, nodes }, { from, host }) => {
      const aggregator = this.aggregatorsByKey.get(from)?.member;
      if (standing !== undefined) this.heard(from, host, standing, undefined, false);
      // We restarted, or gave it up too early: it says hello again and gets all it should have.
      else if (!this.seen(from)) bus.tell(from, 'config_online', {});
      if (aggregator !== undefined) this.news.aggregatorHeard(aggregator, nodes);
      return undefined;
    });
    bus.on('offline', (_body, { from }) => {
      this.gone(from, 'said goodbye');
      return undefined;
    });
  }

  private heard(
    key: string,
    host: string,
    standing: NodeStanding,
    version: string | undefined,
    hello: boolean,
  ): void {
    const lastSeen = this.clock.now();
    const known = this.nodesByKey.get(key);
    const node = known?.member ?? { key, host, version, standing, since: lastSeen };
    const before = known?.member.standing;
    if (known === undefined) {
      this.nodesByKey.set(key, { member: node, lastSeen });
      this.nodesCame++;
    } else {
      known.lastSeen = lastSeen;
      node.standing = standing;
      node.version = version ?? node.version;
    }
    this.news.nodeUp(node, before);
    this.news.nodeHeard(node, hello || known === undefined);
  }

  /** Anything a member says shows that it is there. False: it is not known here. */
  seen(key: string): boolean {
    const seen = this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key);
    if (seen !== undefined) seen.lastSeen = this.clock.now();
    return seen !== undefined;
  }

  /** While we were cut off from the broker nobody could be heard: everybody gets time to come back. */
  forgiveSilence(): void {
    const from = this.clock.now() + LIMITS.reconnectGraceMs;
    for (const seen of this.aggregatorsByKey.values()) seen.lastSeen = from;
    for (const seen of this.nodesByKey.values()) seen.lastSeen = from;
  }

  /** Called each second. */
  expire(): void {
    if (this.nodesCame > 0 || this.nodesLeft > 0) {
      const [came, left] = [this.nodesCame, this.nodesLeft];
      this.log.info({ came, left, online: this.nodesByKey.size }, 'instrumenters came or left');
      this.nodesCame = 0;
      this.nodesLeft = 0;
    }
    const { aggregatorSilentMs, aggregatorGoneMs, instrumenterSilentMs, instrumenterGoneMs } = LIMITS;
    for (const [key, seen] of this.aggregatorsByKey)
      this.judge(key, seen, aggregatorSilentMs, aggregatorGoneMs);
    for (const [key, seen] of this.nodesByKey)
      this.judge(key, seen, instrumenterSilentMs, instrumenterGoneMs);
  }

  private judge(key: string, seen: Seen<unknown>, silentMs: number, goneMs: number): void {
    const { bus } = this;
    if (bus === undefined) return;
    const silent = Math.min(bus.heardUntil, this.clock.now()) - seen.lastSeen;
    if (silent > goneMs) this.gone(key, 'is silent');
    if (silent <= silentMs || silent > goneMs || seen.asking === true) return;
    if (this.asking >= LIMITS.membersAsked) return;
    seen.asking = true;
    this.asking++;
    const { lastSeen } = seen;
    bus
      .call(key, 'ping', {}, LIMITS.memberPingMs)
      .then(
        () => {
          seen.lastSeen = this.clock.now();
        },
        (error: unknown) => {
          const nobody = error instanceof CaError && error.code === 'NO_RESOURCE' && bus.connected;
          // Heard of, or back with another hello, meanwhile: not gone.
          const same =
            seen.lastSeen === lastSeen &&
            (this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key)) === seen;
          if (nobody && same) this.gone(key, 'has no queue any more');
        },
      )
      .finally(() => {
        seen.asking = false;
        this.asking--;
      });
  }

  private gone(key: string, why: string): void {
    const aggregator = this.aggregatorsByKey.get(key)?.member;
    const node = this.nodesByKey.get(key)?.member;
    if (aggregator === undefined && node === undefined) return;
    if (node === undefined) this.log.warn({ member: key, why }, 'a member is gone');
    else {
      this.log.debug({ member: key, why }, 'a node is gone');
      this.nodesLeft++;
    }
    this.aggregatorsByKey.delete(key);
    this.nodesByKey.delete(key);
    if (aggregator !== undefined) this.news.aggregatorGone(aggregator);
    if (node !== undefined) this.news.nodeGone(node);
  }
}
