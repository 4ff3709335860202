/*
 * A bus in memory, a clock to turn by hand, and members that answer: what this service's tests run against.
 * It keeps the contract of common/wire/peer.ts: answers come later, an unknown key rejects with NO_RESOURCE.
 */
import { CaError } from '../../../common/service/errors';
import type { Clock } from '../../../common/service/clock';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { fitsGlob } from '../../../common/model/glob';
import { sourceFor } from '../../../common/wire/coverage';
import { digestOf } from '../../../common/wire/digest';
import { fqidOf, GathersCopy, instrumentationOf } from '../../../common/wire/gathers';
import type {
  Body,
  Exception,
  Message,
  MessageType,
  NodeStanding,
  OtherVersion,
  WireCatalogue,
} from '../../../common/wire/message';
import type { AnswerBody, Handler, PeerHealth } from '../../../common/wire/peer';
import type { Bus } from '../fleet/bus';

export class FakeClock implements Clock {
  time = 1_700_000_000_000;
  private readonly ticks = new Set<(second: number) => void>();

  now(): number {
    return this.time;
  }

  everySecond(tick: (second: number) => void): () => void {
    this.ticks.add(tick);
    return () => this.ticks.delete(tick);
  }

  /** Passes whole seconds. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.time += 1000;
      for (const tick of this.ticks) tick(Math.floor(this.time / 1000));
    }
  }
}

export interface Call {
  readonly to: string;
  readonly type: MessageType;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers a command; undefined: never. Throws: the other side's error. */
type Answering = (call: Call) => AnswerBody | undefined | Promise<AnswerBody>;

export class FakeBus implements Bus {
  readonly key = 'ca.config';
  connected = true;
  /** undefined: no message to ourselves is behind. */
  behind: number | undefined;
  private readonly clock: Clock | undefined;

  constructor(clock?: Clock) {
    this.clock = clock;
  }

  get heardUntil(): number {
    return this.behind ?? this.clock?.now() ?? Infinity;
  }

  get health(): PeerHealth {
    return { ok: this.connected, selfPingMs: 0, sharedUser: false };
  }

  readonly counts = { received: 0, sent: 0, malformed: 0, refused: 0, unroutable: 0 };
  readonly calls: Call[] = [];
  readonly told: Call[] = [];
  /** Routing key -> who is there. */
  readonly members = new Map<string, Answering>();
  readonly nodes = new Map<string, FakeNode>();
  private readonly handlers = new Map<MessageType, Handler<MessageType>>();
  private readonly watchers = new Set<() => void>();

  on<T extends MessageType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, handler as Handler<MessageType>);
  }

  /** Queues that were bound for members, in order. */
  readonly adopted: string[] = [];

  adopt(member: string): Promise<void> {
    this.adopted.push(member);
    return this.members.has(member)
      ? Promise.resolve()
      : Promise.reject(new CaError('NO_RESOURCE', `there is no queue ${member}`));
  }

  /** Queues that were taken from their keys, in order. */
  readonly disowned: string[] = [];

  disown(member: string): Promise<void> {
    this.disowned.push(member);
    return Promise.resolve();
  }

  private onOther: ((other: OtherVersion) => void) | undefined;

  onOtherVersion(handler: (other: OtherVersion) => void): void {
    this.onOther = handler;
  }

  sayOther(other: OtherVersion): void {
    this.onOther?.(other);
  }

  tell<T extends MessageType>(to: string, type: T, body: Body<T>): boolean {
    this.told.push({ to, type, body });
    if (type === 'gathers' && this.connected) {
      for (const [key, node] of this.nodes) {
        if (to === key || to === BROADCAST) node.take(structuredClone(body) as Body<'gathers'>);
      }
    }
    this.changed();
    return this.connected;
  }

  async call<T extends MessageType>(to: string, type: T, body: Body<T>): Promise<AnswerBody> {
    const call = { to, type, body };
    this.calls.push(call);
    this.changed();
    const member = this.members.get(to);
    if (member === undefined) throw new CaError('NO_RESOURCE', `nobody listens at ${to}`);
    await Promise.resolve();
    const answer = member(call);
    return answer ?? new Promise(() => undefined);
  }

  /** A message from a member. */
  async say<T extends MessageType>(from: string, type: T, body: Body<T>): Promise<void> {
    const host = from.slice(from.lastIndexOf('.') + 1);
    const message = { version: 1, type, id: '1', time: 0, host, from, body } as Message;
    await this.handlers.get(type)?.(body, message);
  }

  /** Resolves when `true_` is, looking again after each call; what never comes true ends in the test's time-out. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.watchers.delete(watcher);
          resolve();
        };
        this.watchers.add(watcher);
        setTimeout(watcher, 5).unref();
      });
    }
  }

  private changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}

/** What a node of the tests offers: enough for discrete, numeric, point and customer questions. */
export const METADATA: WireCatalogue['metadata'] = {
  modules: { syscall: { label: 'System calls' }, cpu: { label: 'CPU' }, disk: { label: 'Disk' } },
  fields: {
    hostname: { label: 'server hostname', type: 'string' },
    zonename: { label: 'zone name', type: 'string' },
    execname: { label: 'application name', type: 'string' },
    latency: { label: 'latency', type: 'time' },
    size: { label: 'size', type: 'size' },
    cpu: { label: 'CPU identifier', type: 'string' },
    utilization: { label: 'utilization', type: 'percent' },
  },
  metrics: [
    {
      module: 'syscall',
      stat: 'syscalls',
      label: 'system calls',
      unit: 'syscalls',
      interval: 'interval',
      fields: ['hostname', 'zonename', 'execname', 'latency', 'size'],
    },
    {
      module: 'cpu',
      stat: 'cpus',
      label: 'CPUs',
      unit: 'CPUs',
      interval: 'point',
      fields: ['hostname', 'cpu', 'utilization'],
    },
    {
      module: 'disk',
      stat: 'physio_bytes',
      label: 'bytes',
      type: 'size',
      interval: 'interval',
      fields: ['hostname'],
    },
  ],
};

export const OFFERS: WireCatalogue['offers'] = [
  { metric: 'syscall.syscalls', source: 'bpf', fields: ['hostname', 'zonename', 'execname', 'latency'] },
  { metric: 'syscall.syscalls', source: 'synthetic', fields: ['hostname', 'execname'] },
  { metric: 'cpu.cpus', source: 'proc', fields: ['hostname', 'cpu', 'utilization'] },
  { metric: 'disk.physio_bytes', source: 'proc', unavailable: 'no disks here' },
];

export const nodeKey = (host: string): string => `ca.instrumenter.${host}`;
export const aggregatorKey = (instance: string): string => `ca.aggregator.${instance}`;

const BROADCAST = 'ca.broadcast';

/** As the real one (services/instrumenter/gather/wanted.ts), without gathering anything. */
class FakeNode {
  readonly gathered = new Map<string, Instrumentation>();
  private readonly copy = new GathersCopy();
  private exceptions: readonly Exception[] = [];
  private readonly bus: FakeBus;
  private readonly key: string;
  private readonly host: string;
  private readonly catalogue: WireCatalogue;

  constructor(bus: FakeBus, host: string, catalogue: WireCatalogue) {
    this.bus = bus;
    this.host = host;
    this.key = nodeKey(host);
    this.catalogue = catalogue;
  }

  get standing(): NodeStanding {
    return {
      catalogue: digestOf(this.catalogue),
      gathers: this.copy.document.digest,
      exceptions: digestOf(this.exceptions),
    };
  }

  content(digest: string): AnswerBody {
    const found = [this.catalogue, this.exceptions].find((content) => digestOf(content) === digest);
    return found === undefined ? {} : { content: structuredClone(found) };
  }

  take(message: Body<'gathers'>): void {
    const news = this.copy.take(message);
    if (news === 'differs') void this.bus.say(this.key, 'want_gathers', {});
    if (news !== 'new') return;
    this.gathered.clear();
    for (const item of this.copy.document.items.values()) {
      const isOurs = item.hosts?.some((pattern) => fitsGlob(pattern, this.host)) ?? true;
      if (isOurs && sourceFor(this.catalogue, item) !== undefined)
        this.gathered.set(fqidOf(item), instrumentationOf(item));
    }
    // Not in the same turn of the event loop: the answer travels.
    setImmediate(() => void this.bus.say(this.key, 'alive', { standing: this.standing }));
  }

  async except(exceptions: readonly Exception[]): Promise<void> {
    this.exceptions = exceptions;
    await this.bus.say(this.key, 'alive', { standing: this.standing });
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A node that gathers what concerns it; `answer`: to everything that it is called for besides. */
export async function addNode(
  bus: FakeBus,
  host: string,
  answer: Answering = () => ({}),
  catalogue: Partial<WireCatalogue> = {},
): Promise<void> {
  const key = nodeKey(host);
  const node = new FakeNode(bus, host, { metadata: METADATA, offers: OFFERS, ...catalogue });
  bus.nodes.set(key, node);
  bus.members.set(key, (call) =>
    call.type === 'content' ? node.content(String(call.body['digest'])) : answer(call),
  );
  await bus.say(key, 'instrumenter_online', { standing: node.standing });
  await turn();
}

/** What the node gathers. */
export function gathered(bus: FakeBus, host: string): ReadonlyMap<string, Instrumentation> {
  return bus.nodes.get(nodeKey(host))?.gathered ?? new Map<string, Instrumentation>();
}

/** The node says that it does not simply gather these. */
export async function except(bus: FakeBus, host: string, ...exceptions: Exception[]): Promise<void> {
  await bus.nodes.get(nodeKey(host))?.except(exceptions);
}

export async function addAggregator(
  bus: FakeBus,
  instance: string,
  httpPort = 1,
  answer: Answering = () => ({}),
): Promise<void> {
  bus.members.set(aggregatorKey(instance), answer);
  await bus.say(aggregatorKey(instance), 'aggregator_online', { instance, httpHost: '127.0.0.1', httpPort });
}

/** Nodes that should report an instrumentation, by what an aggregator was told; undefined: it was not told of it. */
export function expectedNodes(bus: FakeBus, instance: string, fqid: string): readonly string[] | undefined {
  const key = aggregatorKey(instance);
  const last = bus.calls
    .filter(({ to, type }) => to === key && type === 'enable_aggregation')
    .map(({ body }) => body as Body<'enable_aggregation'>)
    .filter(({ instrumentation: { id, customer } }) => {
      return fqid === (customer === undefined ? `global;${id}` : `cust:${customer};${id}`);
    })
    .at(-1);
  if (last === undefined) return undefined;
  let nodes = new Map<string, string>();
  for (const { to, type, body } of bus.told) {
    if (to !== key || type !== 'nodes') continue;
    const { from, put, drop } = body as Body<'nodes'>;
    if (from === undefined) nodes = new Map();
    for (const name of drop) nodes.delete(name);
    for (const { catalogue, names } of put) for (const name of names) nodes.set(name, catalogue);
  }
  const { instrumentation, scope } = last;
  return [...nodes]
    .filter(([, catalogue]) => instrumentation.enabled && scope.catalogues.includes(catalogue))
    .map(([name]) => name)
    .filter((name) => !scope.except.includes(name))
    .filter((name) => scope.hosts?.some((pattern) => fitsGlob(pattern, name)) ?? true)
    .sort();
}
