/*
 * Who is online. In: hello, alive and goodbye messages, and the clock. Out: aggregators and nodes, and news of them.
 * Members say hello when they start and when this service does.
 *
 * Silence is measured by what we have received, not by the clock: while our own queue is behind, no member is silent. A
 * member that is silent for a moment is pinged; it is gone when its queue is (its process has ended), or when it does
 * not answer for long. So a killed aggregator is replaced within seconds, and a busy one is left alone.
 */
import { Limiter } from '../../../common/service/limiter';
import { Allowance } from '../../../common/service/allowance';
import type { Clock } from '../../../common/service/clock';
import { CaError, messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { readPlaces, type AggregatorPlaces } from '../../../common/service/networks';
import { Seldom } from '../../../common/service/seldom';
import { DATA_VERSION } from '../../../common/wire/data';
import type { NodeStanding } from '../../../common/wire/message';
import type { Bus } from './bus';
import { OtherVersions } from './other-versions';
import { Rivals } from './rivals';
import type { Aggregator, Node } from './member';

export type { Aggregator, Node } from './member';

/** A member that was not heard of for this long is asked; one that has no queue any more is gone. */
const AGGREGATOR_SILENT_MS = 3000;
const INSTRUMENTER_SILENT_MS = 9000;
/**
 * One that has a queue and is silent for this long is gone all the same. A dead connection is noticed long before, and an
 * aggregator that is given up too early loses what it holds.
 */
const GONE_MS = 30_000;
/** A member answers a ping within this. */
const PING_MS = 2000;
/** After the broker was away, members get this long to come back before their silence counts. */
export const RECONNECT_GRACE_MS = 4000;
/** Silent members: they are looked through once a second, and a fleet may leave at once. */
const ASKED_AT_A_TIME = 2048;

interface MemberNews {
  /** A hello: new, restarted, or merely asked to say it again. What it was told before may be lost. */
  readonly aggregatorUp: (aggregator: Aggregator) => void;
  readonly aggregatorGone: (aggregator: Aggregator) => void;
  /** It has told which list of nodes it has. */
  readonly aggregatorHeard: (aggregator: Aggregator, nodes: string | undefined) => void;
  /** New, or another standing than `before`. */
  readonly nodeUp: (node: Node, before: NodeStanding | undefined) => void;
  readonly nodeGone: (node: Node, goodbye: boolean) => void;
  /** It has told which document it has; `hello`: it has just come. */
  readonly nodeHeard: (node: Node, hello: boolean) => void;
}

interface Seen<T> {
  readonly member: T;
  lastSeen: number;
  /** A question is under way. */
  asking?: boolean;
}

/** Hellos of one member in a second, and at once; and members of each kind. */
const HELLOS_ALLOWED = { perSecond: 1, burst: 20 };
const AGGREGATORS = 1000;
/** Lines about members that come and go, in a minute: a fleet does so together. */
const LINES = 20;
const GOODBYE = 'said goodbye';

export class Members {
  private readonly aggregatorsByKey = new Map<string, Seen<Aggregator>>();
  private readonly nodesByKey = new Map<string, Seen<Node>>();
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly news: MemberNews;
  private readonly places: AggregatorPlaces;
  private readonly isBarred: (host: string) => boolean;
  private readonly hellos: Allowance;
  private readonly seldom: Seldom;
  /** Queues that are being bound. */
  private readonly adopting = new Set<string>();
  readonly others: OtherVersions;
  readonly rivals: Rivals;
  private bus: Bus | undefined;
  /** Questions to silent members that are under way. */
  private readonly limiter = new Limiter({ atATime: ASKED_AT_A_TIME });
  /** What happened since the last line of the log about nodes: a line for each would bury the rest. */
  private nodesCame = 0;
  private nodesLeft = 0;

  constructor(options: {
    clock: Clock;
    log: Log;
    news: MemberNews;
    places?: AggregatorPlaces | undefined;
    isBarred?: ((host: string) => boolean) | undefined;
  }) {
    const { clock, log, news, places = readPlaces({}), isBarred = () => false } = options;
    this.clock = clock;
    this.log = log;
    this.news = news;
    this.places = places;
    this.isBarred = isBarred;
    this.hellos = new Allowance({ clock, ...HELLOS_ALLOWED });
    this.seldom = new Seldom(clock, LINES);
    this.others = new OtherVersions(clock);
    this.rivals = new Rivals(clock);
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
    bus.on('aggregator_online', ({ deaf, ...body }, { from, host }) => {
      if (!this.hellos.take(from)) return undefined;
      const problem = this.problemOf(from, body);
      if (problem !== undefined) {
        this.say('warn', { aggregator: body.instance, problem }, 'an aggregator is not taken');
        return undefined;
      }
      return this.whenBound(from, deaf, () => {
        const since = this.aggregatorsByKey.get(from)?.member.since ?? this.clock.now();
        const member = { key: from, host, since, ...body };
        this.aggregatorsByKey.set(from, { member, lastSeen: this.clock.now() });
        this.say('info', { aggregator: body.instance, port: body.httpPort }, 'aggregator online');
        this.news.aggregatorUp(member);
      });
    });
    bus.on('instrumenter_online', ({ standing, version, data, deaf }, { from, host }) => {
      if (!this.hellos.take(from) || !this.isTaken(from, host, data)) return undefined;
      return this.whenBound(from, deaf, () => {
        this.heard(from, host, standing, version, true);
      });
    });
    bus.on('alive', ({ standing, nodes, data, deaf }, { from, host }) => {
      if (standing !== undefined && !this.isTaken(from, host, data)) return undefined;
      return this.whenBound(from, deaf, () => {
        const aggregator = this.aggregatorsByKey.get(from)?.member;
        if (standing !== undefined) this.heard(from, host, standing, undefined, false);
        // We restarted, or gave it up too early: it says hello again and gets all it should have.
        else if (!this.seen(from)) bus.tell(from, 'config_online', {});
        if (aggregator !== undefined) this.news.aggregatorHeard(aggregator, nodes);
      });
    });
    bus.onOtherVersion(({ from, host, version }) => {
      this.other({ key: from, host, what: 'protocol', version });
    });
    bus.on('rival', ({ machine }, { from, host }) => {
      if (!this.hellos.take(`rival ${from}`)) return undefined;
      this.rivals.note(from, host, machine);
      this.say('warn', { member: from, machine }, 'a second member claims the name of another, and ended');
      return undefined;
    });
    bus.on('offline', (_body, { from }) => {
      this.gone(from, GOODBYE);
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

  /** A node is revoked or drained: it is gone from this moment on. */
  bar(key: string): void {
    this.gone(key, 'is not let in any more');
  }

  isOnline(key: string): boolean {
    return this.nodesByKey.has(key);
  }

  /** False for a node that cannot take part, or one too many. */
  private isTaken(key: string, host: string, data: number | undefined): boolean {
    if (this.isBarred(host)) {
      this.say('warn', { node: host }, 'a node that is revoked or drained is not heard');
      return false;
    }
    if (data !== undefined && data !== DATA_VERSION) {
      this.other({ key, host, what: 'values', version: data });
      this.gone(key, 'sends values of another version');
      return false;
    }
    this.others.forget(key);
    if (this.nodesByKey.has(key) || this.nodesByKey.size < LIMITS.nodesPerInstrumentation) return true;
    this.say('warn', { node: host }, 'there are more nodes than can be known');
    return false;
  }

  /** A deaf member's queue has no bindings: bind it first. */
  private whenBound(key: string, deaf: boolean | undefined, then: () => void): undefined {
    if (deaf !== true || this.bus === undefined) {
      then();
      return undefined;
    }
    if (this.adopting.has(key)) return undefined; // it says so again in a second
    this.adopting.add(key);
    this.bus
      .adopt(key)
      .then(then, (error: unknown) => {
        this.say('warn', { member: key, reason: messageOf(error) }, 'cannot bind the queue of a member');
      })
      .finally(() => this.adopting.delete(key));
    return undefined;
  }

  /** Why an aggregator cannot be one; its address is where users' questions and our secret would go. */
  private problemOf(
    key: string,
    { instance, httpHost, tls }: Pick<Aggregator, 'instance' | 'httpHost' | 'tls'>,
  ): string | undefined {
    if (!key.endsWith(`.aggregator.${instance}`)) return `it calls itself ${instance} at the key ${key}`;
    const why = this.places(httpHost, tls === true);
    if (why !== undefined) return why;
    if (!this.aggregatorsByKey.has(key) && this.aggregatorsByKey.size >= AGGREGATORS)
      return `there are ${AGGREGATORS} already`;
    return undefined;
  }

  private other(other: OtherVersions['all'][number]): void {
    if (this.others.note(other)) this.say('warn', { ...other }, 'a member speaks another version');
  }

  private say(level: 'info' | 'warn', what: object, text: string): void {
    const passedOver = this.seldom.occasion(text);
    if (passedOver !== undefined) this.log[level]({ ...what, passedOver }, text);
  }

  /** Anything a member says shows that it is there. False: it is not known here. */
  seen(key: string): boolean {
    const seen = this.aggregatorsByKey.get(key) ?? this.nodesByKey.get(key);
    if (seen !== undefined) seen.lastSeen = this.clock.now();
    return seen !== undefined;
  }

  /** While we were cut off from the broker no member could be heard: all get time to come back. */
  forgiveSilence(): void {
    const from = this.clock.now() + RECONNECT_GRACE_MS;
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
    for (const [key, seen] of this.aggregatorsByKey) this.judge(key, seen, AGGREGATOR_SILENT_MS);
    for (const [key, seen] of this.nodesByKey) this.judge(key, seen, INSTRUMENTER_SILENT_MS);
  }

  private judge(key: string, seen: Seen<unknown>, silentMs: number): void {
    const { bus } = this;
    if (bus === undefined) return;
    const silent = Math.min(bus.heardUntil, this.clock.now()) - seen.lastSeen;
    if (silent > GONE_MS) this.gone(key, 'is silent');
    if (silent <= silentMs || silent > GONE_MS || seen.asking === true) return;
    if (!this.limiter.tryEnter()) return;
    seen.asking = true;
    const { lastSeen } = seen;
    bus
      .call(key, 'ping', {}, PING_MS)
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
        this.limiter.leave();
      });
  }

  private gone(key: string, why: string): void {
    const aggregator = this.aggregatorsByKey.get(key)?.member;
    const node = this.nodesByKey.get(key)?.member;
    if (aggregator === undefined && node === undefined) return;
    if (node === undefined) this.say('warn', { member: key, why }, 'a member is gone');
    else {
      this.log.debug({ member: key, why }, 'a node is gone');
      this.nodesLeft++;
    }
    this.aggregatorsByKey.delete(key);
    this.nodesByKey.delete(key);
    if (aggregator !== undefined) this.news.aggregatorGone(aggregator);
    if (node !== undefined) this.news.nodeGone(node, why === GOODBYE);
  }
}
