/*
 * A service's place on the bus: its own routing key, commands with answers, values. In: a broker's bytes.
 * Out: typed messages to handlers; answers to whoever asked. Malformed messages are counted and logged, never fatal.
 * Next on the walk: broker.ts.
 */
import { connectBroker, type Broker, type Delivery } from './broker';
import type { Clock } from '../service/clock';
import { DATA_CONTENT, decodeData, encodeData, type DataMessage } from './data';
import { CaError, ERRORS, messageOf, type ErrorCode } from '../service/errors';
import { LIMITS } from '../service/limits';
import type { Log } from '../service/log';
import {
  CONTROL_CONTENT,
  decodeMessage,
  encodeMessage,
  PROTOCOL_VERSION,
  type Body,
  type Message,
  type MessageType,
} from './message';
import { fire } from '../service/probes';

/** What an answered message may come back with. */
export type AnswerBody = Readonly<Record<string, unknown>>;

export type Handler<T extends MessageType> = (
  body: Body<T>,
  message: Message,
) => AnswerBody | undefined | Promise<AnswerBody | undefined>;

export interface PeerOptions {
  readonly url: string;
  readonly host: string;
  /** Our own routing key; also the name of our queue. */
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onUp?: () => void;
  readonly onDown?: (reason: string) => void;
  readonly firstAttempts?: number;
}

interface PeerCounts {
  received: number;
  sent: number;
  /** Messages that were not what they should be, or that nobody here handles. */
  malformed: number;
  unroutable: number;
}

/** How it stands with the bus, for status and readiness. */
export interface PeerHealth {
  readonly ok: boolean;
  /** Why not. */
  readonly reason?: string;
  /** Age of the newest message to ourselves that has come back, ms; 0 before the first is due. */
  readonly selfPingMs: number;
}

export class Peer {
  readonly counts: PeerCounts = { received: 0, sent: 0, malformed: 0, unroutable: 0 };
  /** Connections to the broker that were made. */
  connections = 0;
  readonly key: string;
  private readonly handlers = new Map<MessageType, Handler<MessageType>>();
  private readonly waiting = new Map<
    string,
    { answer: (body: AnswerBody, from: Message) => void; fail: (e: Error) => void }
  >();
  private onData: ((message: DataMessage, bytes: number) => void) | undefined;
  private wanted: ((fqid: string) => boolean) | undefined;
  private broker: Broker | undefined;
  private lastId = 0;
  private readonly options: PeerOptions;
  private pinging: NodeJS.Timeout | undefined;
  /** When the newest message to ourselves that has come back was sent. */
  private echoed = 0;
  /** Before this the bus was away, or we stood still: nothing could come back. */
  private ableSince = 0;

  constructor(options: PeerOptions) {
    this.options = options;
    this.key = options.key;
    this.on('ping', () => ({ time: options.clock.now() }));
    this.on('log', ({ text }, { from }) => {
      options.log.info({ from, text }, 'an operator says');
      return {};
    });
  }

  get connected(): boolean {
    return this.broker?.connected ?? false;
  }

  /**
   * Whatever others sent to us before this time (ms, our clock) and the broker took has been heard: a message to
   * ourselves came back behind it. Whoever judges others by their silence must judge by this time, not by the clock.
   */
  get heardUntil(): number {
    return this.echoed;
  }

  get health(): PeerHealth {
    const selfPingMs = Math.max(0, this.options.clock.now() - Math.max(this.echoed, this.ableSince));
    if (!this.connected) return { ok: false, reason: 'the broker is away or takes no messages', selfPingMs };
    if (selfPingMs <= LIMITS.selfPingLateMs) return { ok: true, selfPingMs };
    return { ok: false, reason: `messages to ourselves take more than ${selfPingMs} ms`, selfPingMs };
  }

  /** For dumps. */
  get state(): Record<string, unknown> {
    return {
      key: this.key,
      connected: this.connected,
      health: this.health,
      counts: { ...this.counts },
      waitingForAnswers: this.waiting.size,
      handles: [...this.handlers.keys()],
    };
  }

  /** One handler a type. What it returns (or throws) is the answer, where the sender waits for one. */
  on<T extends MessageType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, handler as Handler<MessageType>);
  }

  /** Reports that `wanted` says no to are left out: a node's message holds other aggregators' instrumentations too. */
  onValues(handler: (message: DataMessage, bytes: number) => void, wanted?: (fqid: string) => boolean): void {
    this.onData = handler;
    this.wanted = wanted;
  }

  /** Resolves at the first connection; handlers should be in place before. */
  async connect(): Promise<void> {
    const { url, log, onUp, onDown, firstAttempts } = this.options;
    this.broker = await connectBroker({
      url,
      queue: this.key,
      log,
      ...(firstAttempts === undefined ? {} : { firstAttempts }),
      onMessage: (delivery) => {
        this.receive(delivery);
      },
      // The very first 'up' comes before connectBroker resolves; deferring it lets handlers publish.
      onUp: () => {
        this.connections++;
        setImmediate(() => onUp?.());
      },
      onDown: (reason) => {
        this.failWaiting(`the connection to the broker was lost: ${reason}`);
        onDown?.(reason);
      },
      onUnroutable: (delivery) => {
        this.unroutable(delivery);
      },
    });
    this.pingOurselves();
  }

  async bind(key: string): Promise<void> {
    await this.broker?.bind(key);
  }

  async unbind(key: string): Promise<void> {
    await this.broker?.unbind(key);
  }

  /** Sends and forgets. False when the connection is down. */
  tell<T extends MessageType>(to: string, type: T, body: Body<T>): boolean {
    return this.send(to, this.compose(type, body), false);
  }

  /**
   * Sends and waits for the answer. Rejects with TIMED_OUT after `timeoutMs`, with NO_RESOURCE when nobody has that
   * key or the broker is away, and with the other side's error when it says so.
   */
  call<T extends MessageType>(to: string, type: T, body: Body<T>, timeoutMs: number): Promise<AnswerBody> {
    const message = this.compose(type, body);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(message.id);
        reject(new CaError('TIMED_OUT', `${to} did not answer ${type} within ${timeoutMs} ms`));
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(message.id);
      };
      this.waiting.set(message.id, {
        answer: (answer) => {
          done();
          resolve(answer);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      });
      if (!this.send(to, message, true)) {
        this.waiting.get(message.id)?.fail(new CaError('NO_RESOURCE', 'the broker is not connected'));
      }
    });
  }

  /**
   * Asks everybody who listens at a key. `each` sees the answers as they come; resolves when it says true or when the
   * time is up (how many there should be is the caller's to know). Rejects only when the broker is away.
   */
  gather<T extends MessageType>(
    to: string,
    type: T,
    body: Body<T>,
    timeoutMs: number,
    each: (answer: AnswerBody, from: Message) => boolean,
  ): Promise<void> {
    const message = this.compose(type, body);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(message.id);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const fail = (error: Error): void => {
        if (this.connected) return; // one of them cannot answer: the others still may
        reject(error);
        done();
      };
      this.waiting.set(message.id, {
        answer: (answer, from) => {
          if (each(answer, from)) done();
        },
        fail,
      });
      if (!this.send(to, message, false)) fail(new CaError('NO_RESOURCE', 'the broker is not connected'));
    });
  }

  /**
   * The keys say who gets it: those of the message's instrumentations. A receiver bound to several gets it once.
   * False when the connection is down: the caller decides whether to keep the values.
   */
  sendValues(keys: readonly string[], message: DataMessage): boolean {
    const [key, ...copies] = keys;
    if (key === undefined) return true;
    const sent = this.broker?.publish(key, encodeData(message), DATA_CONTENT, false, copies) ?? false;
    if (sent) this.counts.sent++;
    return sent;
  }

  async close(): Promise<void> {
    this.failWaiting('this service is going away');
    clearTimeout(this.pinging);
    await this.broker?.close();
  }

  /**
   * A message to our own queue, again and again: a connection may be open and swallow everything, or our binding may
   * be gone, and no heartbeat tells. A connection on which none comes back for long is given up and made anew.
   */
  private pingOurselves(): void {
    const { clock, log } = this.options;
    this.ableSince = clock.now();
    let due = this.ableSince;
    const ping = (): void => {
      const now = clock.now();
      // While the broker is away or blocked, or we stood still, nothing could come back: that is no sign of anything.
      if (!this.connected || now - due > LIMITS.selfPingEveryMs) this.ableSince = now;
      if (now - Math.max(this.echoed, this.ableSince) > LIMITS.selfPingReconnectMs) {
        log.warn({ ms: now - this.echoed }, 'messages to ourselves do not come back; connecting anew');
        this.ableSince = now;
        this.broker?.reconnect('messages to ourselves do not come back');
      }
      this.tell(this.key, 'ping', {});
      due = now + LIMITS.selfPingEveryMs;
      this.pinging = setTimeout(ping, LIMITS.selfPingEveryMs);
      this.pinging.unref();
    };
    ping();
  }

  private compose<T extends MessageType>(type: T, body: Body<T>): Message {
    const { clock, host, key } = this.options;
    return {
      version: PROTOCOL_VERSION,
      type,
      id: `${process.pid}.${++this.lastId}`,
      time: clock.now(),
      host,
      from: key,
      body,
    } as Message;
  }

  private send(to: string, message: Message, mandatory: boolean): boolean {
    const sent = this.broker?.publish(to, encodeMessage(message), CONTROL_CONTENT, mandatory) ?? false;
    if (sent) this.counts.sent++;
    return sent;
  }

  private receive({ body, contentType, key }: Delivery): void {
    this.counts.received++;
    try {
      if (contentType === DATA_CONTENT) {
        const message = decodeData(body, this.wanted);
        fire('message-received', () => [message.node, 'values', body.length]);
        this.onData?.(message, body.length);
      } else {
        const message = decodeMessage(body);
        fire('message-received', () => [message.from, message.type, body.length]);
        this.dispatch(message);
      }
    } catch (error) {
      this.counts.malformed++;
      this.options.log.warn({ key, reason: messageOf(error) }, 'dropped a message');
    }
  }

  private dispatch(message: Message): void {
    if (message.type === 'ping' && message.from === this.key) {
      this.echoed = Math.max(this.echoed, message.time);
      return;
    }
    if (message.type === 'answer') {
      const { to, error, body } = message.body;
      const waiting = this.waiting.get(to);
      if (error === undefined) waiting?.answer(body ?? {}, message);
      else
        waiting?.fail(
          new CaError(error.code in ERRORS ? (error.code as ErrorCode) : 'INTERNAL', error.message),
        );
      return;
    }
    const handler = this.handlers.get(message.type);
    if (handler === undefined) return;
    void this.answer(message, handler);
  }

  private async answer(message: Message, handler: Handler<MessageType>): Promise<void> {
    let reply: Body<'answer'>;
    try {
      const body = await handler(message.body, message);
      if (body === undefined) return;
      reply = { to: message.id, body };
    } catch (error) {
      this.options.log.warn(
        { err: error, type: message.type, from: message.from },
        'could not do what was asked',
      );
      const code = error instanceof CaError ? error.code : 'INTERNAL';
      reply = { to: message.id, error: { code, message: messageOf(error).slice(0, 8192) } };
    }
    this.send(message.from, this.compose('answer', reply), false);
  }

  private unroutable(delivery: Delivery): void {
    this.counts.unroutable++;
    try {
      const { id } = decodeMessage(delivery.body);
      this.waiting.get(id)?.fail(new CaError('NO_RESOURCE', `nobody listens at ${delivery.key}`));
    } catch {
      // Not a message of ours: nobody waits for it.
    }
  }

  private failWaiting(why: string): void {
    for (const { fail } of [...this.waiting.values()]) fail(new CaError('NO_RESOURCE', why));
  }
}
