/*
 * A service's place on the bus: its own routing key, commands with answers, values. In: a broker's bytes.
 * Out: typed messages to handlers, from senders that may send them (trust.ts); answers to calls. Malformed and
 * refused messages are counted and logged at a bounded rate, never fatal. Next on the walk: broker.ts.
 */
import type { Clock } from '../service/clock';
import { CaError, messageOf } from '../service/errors';
import { Seldom } from '../service/seldom';
import { connectBroker } from './broker/broker';
import type { Broker, BrokerOptions, Delivery, Publishing } from './broker/broker';
import { BrokerTarget } from './broker/broker-target';
import { Calls, type AnswerBody } from './calls';
import { DATA_CONTENT, encodeData, type DataMessage } from './data';
import { identityOfKey, type Role } from './identity';
import { stayKnown } from './keep-alive';
import type { PeerLease } from './lease';
import {
  CONTROL_CONTENT,
  decodeMessage,
  encodeMessage,
  type OtherVersion,
  PROTOCOL_VERSION,
  type Body,
  type Message,
  type MessageType,
} from './message';
import { Reception, type MessageCounts } from './reception';
import { Trust } from './trust';
import { Watch, type PeerHealth } from './watch';

export type { AnswerBody } from './calls';
export type { PeerHealth } from './watch';

export type Handler<T extends MessageType> = (
  body: Body<T>,
  message: Message,
) => AnswerBody | undefined | Promise<AnswerBody | undefined>;

export interface PeerOptions extends Pick<BrokerOptions, 'url' | 'credentials' | 'routes' | 'log'> {
  readonly host: string;
  /** Our own routing key; also the name of our queue. */
  readonly key: string;
  readonly clock: Clock;
  readonly onUp?: () => void;
  readonly onDown?: (reason: string) => void;
  readonly firstAttempts?: number;
  /** Of a config service that is one of a pair. */
  readonly lease?: PeerLease | undefined;
}

export class Peer {
  /** Number of connections made to the broker. */
  connections = 0;
  readonly key: string;
  private readonly role: Role | undefined;
  private readonly handlers = new Map<MessageType, Handler<MessageType>>();
  private readonly calls = new Calls();
  private readonly watch: Watch;
  private readonly reception: Reception;
  private readonly seldom: Seldom;
  private broker: Broker | undefined;
  private readonly options: PeerOptions;
  private telling: NodeJS.Timeout | undefined;

  constructor(options: PeerOptions) {
    this.options = options;
    this.key = options.key;
    const { routes, key, clock, url, credentials, log } = options;
    this.role = identityOfKey(key, routes)?.role;
    const trust = new Trust(routes, new BrokerTarget(url, credentials).user, key);
    this.watch = new Watch({
      routes,
      key,
      clock,
      log,
      sharedUser: trust.shared,
      broker: () => this.broker,
      ping: (to, id) => this.send(to, this.compose('ping', {}, id), true),
    });
    this.seldom = new Seldom(clock);
    this.reception = new Reception({
      clock,
      log,
      trust,
      seldom: this.seldom,
      isOwnPing: (message, at) => message.from === this.key && this.watch.came(at, message.id),
      onMessage: (message) => {
        this.receive(message);
      },
    });
    this.on('ping', () => ({ time: clock.now() }));
    this.on('log', ({ text }, { from }) => {
      log.info({ from, text }, 'an operator says');
      return {};
    });
    this.on('beat', () => {
      this.watch.beat();
      return undefined;
    });
  }

  get counts(): MessageCounts {
    return this.reception.counts;
  }

  get connected(): boolean {
    return this.broker?.connected ?? false;
  }

  /**
   * Everything that others sent to us before this time (ms, our clock) and the broker accepted has been received: a
   * message to ourselves came back behind it. Judge the silence of others by this time, not by the clock.
   */
  get heardUntil(): number {
    return this.watch.heardUntil;
  }

  /** True for a member that hears nothing from the config service: its queue may not be bound. Sent in hellos. */
  get deaf(): boolean {
    return this.watch.deaf;
  }

  get health(): PeerHealth {
    return this.watch.health;
  }

  /** For dumps. */
  get state(): Record<string, unknown> {
    return {
      key: this.key,
      connected: this.connected,
      health: this.health,
      counts: { ...this.counts },
      waitingForAnswers: this.calls.size,
      handles: [...this.handlers.keys()],
    };
  }

  /** One handler per type. What it returns (or throws) is the answer, where the sender waits for one. */
  on<T extends MessageType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, handler as Handler<MessageType>);
  }

  /** Reports for which `wanted` is false are skipped: a node's message also has instrumentations of other aggregators. */
  onValues(handler: (message: DataMessage, bytes: number) => void, wanted?: (fqid: string) => boolean): void {
    this.reception.onValues = handler;
    this.reception.wanted = wanted;
  }

  /** Called for senders with another protocol version. Their claimed identity is not verified. */
  onOtherVersion(handler: (other: OtherVersion) => void): void {
    this.reception.onOtherVersion = handler;
  }

  /** Resolves at the first connection; handlers should be in place before. */
  async connect(): Promise<void> {
    const { url, credentials, routes, log, onUp, onDown, firstAttempts } = this.options;
    this.broker = await connectBroker({
      url,
      credentials,
      routes,
      queue: this.key,
      values: this.role === 'aggregator',
      seizes: this.options.lease !== undefined,
      log,
      ...(firstAttempts === undefined ? {} : { firstAttempts }),
      onMessage: (delivery) => {
        this.watch.delivered();
        this.reception.take(delivery);
      },
      // The first 'up' comes before connectBroker resolves; deferring it lets handlers publish.
      onUp: () => {
        this.connections++;
        this.watch.up();
        setImmediate(() => onUp?.());
      },
      onDown: (reason) => {
        this.calls.failAll(`the connection to the broker was lost: ${reason}`);
        onDown?.(reason);
      },
      onBlocked: (reason) => {
        this.watch.blockedBy(reason);
        if (reason !== undefined) this.calls.failAll(`the broker takes no messages: ${reason}`);
      },
      onRefused: (kinds) => this.watch.refused(kinds),
      onUnroutable: (delivery) => this.unroutable(delivery),
    });
    // Where the exchange does not exist yet, it is bound as soon as it does.
    for (const key of this.watch.keys) void this.broker.bind(key).catch(() => undefined);
    this.watch.start();
  }

  bind = async (key: string): Promise<void> => this.broker?.bind(key);
  unbind = async (key: string): Promise<void> => this.broker?.unbind(key);

  /** For the config service: binds a member's queue to its own key and to the broadcast. Rejects when the queue is gone. */
  async adopt(member: string): Promise<void> {
    await this.broker?.lend(member, [member, this.options.routes.broadcast]);
  }

  /** For the config service: unbinds a member's queue. Rejects when it has none. */
  async disown(member: string): Promise<void> {
    await this.broker?.release(member, [member, this.options.routes.broadcast]);
  }

  /** For members: sends keep-alives every `everyMs`, and each second while deaf. */
  stayKnown(everyMs: number, say: () => Body<'alive'>): void {
    clearInterval(this.telling);
    this.telling = stayKnown(this, this.options, everyMs, say);
  }

  /** For members: sends `offline`, and no keep-alive after it. */
  leave(): void {
    clearInterval(this.telling);
    this.tell(this.options.routes.config, 'offline', {});
  }

  /** Sends and forgets. False when the connection is down. */
  tell<T extends MessageType>(to: string, type: T, body: Body<T>): boolean {
    return this.send(to, this.compose(type, body), false);
  }

  /**
   * Sends and waits for the answer. Rejects with TIMED_OUT after `timeoutMs`, with NO_RESOURCE when no queue has that
   * key or the broker is away, and with the callee's error when it failed.
   */
  call<T extends MessageType>(to: string, type: T, body: Body<T>, timeoutMs: number): Promise<AnswerBody> {
    return this.calls.call(to, type, timeoutMs, (id) =>
      this.send(to, this.compose(type, body, id), true)
        ? undefined
        : (this.health.reason ?? 'the broker is not connected'),
    );
  }

  /**
   * Calls everyone who listens at a key. `each` gets the answers as they come, one per callee; resolves when it returns
   * true or when the time is up (only the caller knows how many to expect). Rejects only when the broker is away.
   */
  gather<T extends MessageType>(
    to: string,
    type: T,
    body: Body<T>,
    timeoutMs: number,
    each: (answer: AnswerBody, from: Message) => boolean,
  ): Promise<void> {
    return this.calls.gather(
      timeoutMs,
      (id) => this.send(to, this.compose(type, body, id), false),
      () => this.connected,
      each,
    );
  }

  /**
   * Sent to the keys of the message's instrumentations. A receiver bound to several gets it once.
   * False when the connection is down: the caller decides whether to keep the values.
   */
  sendValues(keys: readonly string[], message: DataMessage): boolean {
    const [key, ...copies] = keys;
    if (key === undefined) return true;
    return this.publish(key, encodeData(message), { contentType: DATA_CONTENT, copies });
  }

  async close(): Promise<void> {
    this.calls.failAll('this service is going away');
    clearInterval(this.telling);
    this.watch.stop();
    await this.broker?.close();
  }

  private compose<T extends MessageType>(type: T, body: Body<T>, id = ''): Message {
    const { clock, host, key, lease } = this.options;
    return {
      version: PROTOCOL_VERSION,
      type,
      id: id === '' ? '-' : id,
      time: clock.now(),
      host,
      from: key,
      ...(lease === undefined ? {} : { fence: lease.fence }),
      body,
    } as Message;
  }

  private send(to: string, message: Message, mandatory: boolean): boolean {
    return this.publish(to, encodeMessage(message), {
      contentType: CONTROL_CONTENT,
      type: message.type,
      mandatory,
    });
  }

  private publish(to: string, body: Buffer, how: Publishing): boolean {
    const { lease } = this.options;
    const sent = lease?.isValid() !== false && (this.broker?.publish(to, body, how) ?? false);
    if (sent) this.counts.sent++;
    return sent;
  }

  /** Handles a message whose sender may send it. */
  private receive(message: Message): void {
    if (message.type === 'answer') {
      this.calls.answered(message);
      return;
    }
    const handler = this.handlers.get(message.type);
    if (handler !== undefined) void this.answer(message, handler);
  }

  private async answer(message: Message, handler: Handler<MessageType>): Promise<void> {
    let reply: Body<'answer'>;
    try {
      const body = await handler(message.body, message);
      if (body === undefined) return;
      reply = { to: message.id, body };
    } catch (error) {
      const { type, from } = message;
      if (this.seldom.occasion(`failed ${type}`) !== undefined)
        this.options.log.warn({ err: error, type, from }, 'could not do what was asked');
      const code = error instanceof CaError ? error.code : 'INTERNAL';
      reply = { to: message.id, error: { code, message: messageOf(error).slice(0, 8192) } };
    }
    this.send(message.from, this.compose('answer', reply), false);
  }

  private unroutable({ body, key, contentType }: Delivery): void {
    this.counts.unroutable++;
    if (contentType !== CONTROL_CONTENT) return;
    let message: Message;
    try {
      message = decodeMessage(body);
    } catch {
      return; // Not a type of ours: no caller waits for an answer.
    }
    const { id, type } = message;
    if (type === 'ping' && this.watch.returned(key, id)) return;
    const nobody = (): void => {
      this.calls.fail(id, new CaError('NO_RESOURCE', `nobody listens at ${key}`));
    };
    const kind = identityOfKey(key, this.options.routes)?.role;
    if (this.role !== 'config' || (kind !== 'node' && kind !== 'aggregator')) {
      nobody();
      return;
    }
    // Either its binding is gone, or the member is: the broker knows whether its queue exists.
    this.adopt(key).then(() => {
      if (!this.publish(key, body, { contentType, type })) nobody();
    }, nobody);
  }
}
