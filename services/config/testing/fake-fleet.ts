/*
 * A bus in memory, a clock to turn by hand, and members that answer: what this service's tests run against.
 * It keeps the contract of common/wire/peer.ts: answers come later, an unknown key rejects with NO_RESOURCE.
 */
import { CaError } from '../../../common/service/errors';
import type { Clock } from '../../../common/service/clock';
import type { Body, Message, MessageType } from '../../../common/wire/message';
import type { toWire } from '../../../common/wire/message';
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
    return { ok: this.connected, selfPingMs: 0 };
  }

  readonly counts = { received: 0, sent: 0, malformed: 0, unroutable: 0 };
  readonly calls: Call[] = [];
  readonly told: Call[] = [];
  /** Routing key -> who is there. */
  readonly members = new Map<string, Answering>();
  private readonly handlers = new Map<MessageType, Handler<MessageType>>();
  private readonly watchers = new Set<() => void>();

  on<T extends MessageType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, handler as Handler<MessageType>);
  }

  tell<T extends MessageType>(to: string, type: T, body: Body<T>): boolean {
    this.told.push({ to, type, body });
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
export const METADATA: Body<'instrumenter_online'>['metadata'] = {
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

export const OFFERS: Body<'instrumenter_online'>['offers'] = [
  { metric: 'syscall.syscalls', source: 'bpf', fields: ['hostname', 'zonename', 'execname', 'latency'] },
  { metric: 'syscall.syscalls', source: 'synthetic', fields: ['hostname', 'execname'] },
  { metric: 'cpu.cpus', source: 'proc', fields: ['hostname', 'cpu', 'utilization'] },
  { metric: 'disk.physio_bytes', source: 'proc', unavailable: 'no disks here' },
];

export const nodeKey = (host: string): string => `ca.instrumenter.${host}`;
export const aggregatorKey = (instance: string): string => `ca.aggregator.${instance}`;

/** A node that does as it is told. */
export async function addNode(
  bus: FakeBus,
  host: string,
  answer: Answering = () => ({}),
  hello: Partial<Body<'instrumenter_online'>> = {},
): Promise<void> {
  bus.members.set(nodeKey(host), answer);
  await bus.say(nodeKey(host), 'instrumenter_online', { metadata: METADATA, offers: OFFERS, ...hello });
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

/** The last word an aggregator heard about an instrumentation: which nodes should report. */
export function expectedNodes(bus: FakeBus, instance: string, fqid: string): readonly string[] | undefined {
  const last = bus.calls
    .filter(({ to, type }) => to === aggregatorKey(instance) && type === 'enable_aggregation')
    .map(({ body }) => body as { instrumentation: ReturnType<typeof toWire>; nodes: readonly string[] })
    .filter(({ instrumentation: { id, customer } }) => {
      return fqid === (customer === undefined ? `global;${id}` : `cust:${customer};${id}`);
    })
    .at(-1);
  return last?.nodes;
}
