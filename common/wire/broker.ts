/*
 * The broker: one connection, a queue of our own, and one more for values where we take them.
 * In: bytes to publish under a key. Out: bytes that came, and news of the connection. Next on the walk: topology.ts.
 *
 * What comes, what is sent, values and bindings have a channel each (channel.ts): the broker closes a channel when
 * anything on it goes wrong, and answers its requests one after the other. amqplib reconnects with jittered back-off;
 * queues and bindings are made anew each time, before anything is delivered. Messages are transient and unacknowledged:
 * a value is worth a second, and losses are counted by who knows them. publish() says false while the connection is
 * down; nothing is kept here.
 */
import { within } from '../service/deadline';
import type { Socket } from 'node:net';
import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { messageOf } from '../service/errors';
import type { Log } from '../service/log';
import type { BrokerCredentials } from './broker-credentials';
import { BrokerTarget } from './broker-target';
import { StandingChannel } from './channel';
import { identityOfKey } from './identity';
import type { ExchangeKind, Routes } from './route';
import { Topology } from './topology';

export interface Delivery {
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  /** Who sent it: the broker has checked that it was a connection of this user. */
  readonly user: string | undefined;
  /** What kind of message it says it is, before anything of it is read. */
  readonly type: string | undefined;
}

interface BrokerEvents {
  readonly onMessage: (delivery: Delivery) => void;
  /** The queue is in place (first time, or again), and so are the bindings of those who bind themselves. */
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  /** The broker takes no messages for now: why. Undefined: it does again. */
  readonly onBlocked?: (reason: string | undefined) => void;
  /** An exchange of these is gone: the broker refused what was sent to it. */
  readonly onRefused?: (kinds: readonly ExchangeKind[]) => void;
  /** A message that had to reach somebody reached nobody (publish with mandatory). */
  readonly onUnroutable?: (delivery: Delivery) => void;
}

export interface BrokerOptions extends BrokerEvents {
  /** One URL, or several of one cluster separated by commas. */
  readonly url: string;
  readonly credentials?: BrokerCredentials | undefined;
  readonly routes: Routes;
  /** Name of our queue, and our key. */
  readonly queue: string;
  /** False: only sends. The queue is another's. */
  readonly listens?: boolean;
  /** Takes values, in a queue of their own: what else comes does not wait behind them. */
  readonly values?: boolean;
  readonly log: Log;
  /** Attempts before the first connection is given up; tools say 0. Services go on for ever. */
  readonly firstAttempts?: number;
}

export interface Publishing {
  readonly contentType: string;
  readonly type?: string;
  /** It comes back by onUnroutable when nobody gets it. */
  readonly mandatory?: boolean;
  /** More keys; a queue bound to several of them gets the message once. They must be of the key's exchange. */
  readonly copies?: readonly string[];
}

/** What services see of the broker; tests have one in memory with the same contract (tools/stack/broker.test.ts). */
export interface Broker {
  readonly connected: boolean;
  /** False when the connection is down or blocked: the message is not sent and not kept. */
  publish(key: string, body: Buffer, how: Publishing): boolean;
  /** Remembered over reconnects. Resolves when bound, or at once while disconnected; rejects when it cannot be. */
  bind(key: string): Promise<void>;
  unbind(key: string): Promise<void>;
  /** For the config service: binds a member's queue to its keys. Rejects when there is no such queue. */
  lend(queue: string, keys: readonly string[]): Promise<void>;
  /** The contrary of `lend`. */
  release(queue: string, keys: readonly string[]): Promise<void>;
  /** Declares the exchanges that are not there, where that is ours to do. */
  declare(): Promise<void>;
  /** The same, and binds again what goes through this one. */
  mend(exchange: string): Promise<void>;
  /** True when the broker answers and still has our queue. */
  check(): Promise<boolean>;
  /** Gives the connection up without asking the broker, and makes a new one: for when nothing comes any more. */
  reconnect(why: string): void;
  close(): Promise<void>;
}

/** The broker gets this long to say goodbye; one that is gone, or blocked, never does. */
const GOODBYE_MS = 2000;

/** Of one connection; the next one has new ones. */
interface Lines {
  readonly model: ChannelModel;
  readonly control: StandingChannel;
  readonly values: StandingChannel;
  readonly listening: Channel | undefined;
}

/** Rejects when the first connection fails more often than `firstAttempts` allows. */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { queue, log, routes } = options;
  const target = new BrokerTarget(options.url, options.credentials);
  const userId = target.user;
  const role = identityOfKey(queue, routes)?.role;
  // Members cannot read what is not theirs, so the config service binds their queues; it and tools bind their own.
  const bindsItself = role === undefined || role === 'config' || role === 'operator';
  const valuesQueue = options.values === true ? `${queue}:values` : queue;
  const queueOf = (key: string): string => (routes.kindOf(key) === 'values' ? valuesQueue : queue);
  const topology = new Topology({ routes, declares: bindsItself, log });
  if (bindsItself) void topology.bind(queue, queue);
  let lines: Lines | undefined;
  let current: ChannelModel | undefined;
  let blocked = false;

  const setup = async (model: ChannelModel): Promise<void> => {
    // The library listens only when we are done here; until then an error event would end the process.
    model.on('error', (error: Error) => {
      log.debug({ reason: messageOf(error) }, 'the connection to the broker ended');
    });
    try {
      await open(model);
      current = model;
    } catch (error) {
      // Not closed in order: the library would wait for the broker's word before it tries again, perhaps for ever.
      abandon(model, 'setting up failed');
      model.close = () => Promise.resolve();
      throw error;
    }
  };
  const open = async (model: ChannelModel): Promise<void> => {
    const listening = options.listens === false ? undefined : await listen(model, queue);
    if (valuesQueue !== queue) await listen(model, valuesQueue);
    const bound = topology.attach(model);
    // A member's exchange may not be there before the config service is: it is bound as soon as it is.
    if (bindsItself) await bound;
    else bound.catch(() => undefined);
    const onOpen = (channel: Channel): void => {
      channel.on('return', (message) => {
        options.onUnroutable?.(deliveryOf(message));
      });
    };
    const sending = (...kinds: readonly ExchangeKind[]): StandingChannel =>
      new StandingChannel({ model, log, onOpen, onRefused: () => options.onRefused?.(kinds) });
    lines = { model, listening, control: sending('up', 'down'), values: sending('values') };
    blocked = false;
  };
  /** A queue and its messages on a channel of their own, whose end is the connection's. */
  const listen = async (model: ChannelModel, name: string): Promise<Channel> => {
    const channel = await model.createChannel();
    // Without a listener an 'error' event would end the process.
    channel.on('error', (error) => {
      log.warn({ err: error }, 'the broker closed our channel');
    });
    // Not exclusive, as the config service must bind it; only we may consume of it, and it goes with us. An error here
    // means that a dead connection of ours still has it: setup fails and is tried again later.
    const exclusive = role === 'operator';
    await channel.assertQueue(name, { exclusive, durable: false, autoDelete: true });
    await channel.consume(
      name,
      (message) => {
        // null: somebody deleted the queue. Starting over is the one way that restores all of it.
        if (message === null) leave(model);
        else options.onMessage(deliveryOf(message));
      },
      { noAck: true, exclusive: true },
    );
    channel.on('close', () => {
      if (lines?.model !== model) return;
      lines = undefined;
      leave(model);
    });
    return channel;
  };
  const down = (): void => {
    lines = undefined;
    topology.detach();
  };

  const connection = await connect(target.address, {
    ...target.options,
    noDelay: true, // without it the median delivery takes 18 ms instead of 0.3 ms (Nagle and delayed acks)
    timeout: 5000,
    recovery: {
      initialDelay: 100,
      maxDelay: 2000,
      factor: 2,
      jitter: 0.5,
      initialMaxRetries: options.firstAttempts ?? Infinity,
      waitForConnect: false,
      setup,
    },
  });
  connection.on('connect', () => {
    options.onUp();
  });
  connection.on('disconnect', (error: Error) => {
    down();
    target.next();
    options.onDown(messageOf(error));
  });
  connection.on('connect-failed', (error: Error) => {
    down();
    target.next();
    if (/ACCESS.REFUSED/.test(messageOf(error))) options.credentials?.refused?.();
    log.warn({ reason: messageOf(error) }, 'cannot connect to the broker yet');
  });
  connection.on('blocked', (reason: string) => {
    blocked = true;
    log.warn({ reason }, 'the broker takes no messages for now');
    options.onBlocked?.(reason);
  });
  connection.on('unblocked', () => {
    blocked = false;
    options.onBlocked?.(undefined);
  });
  connection.on('error', (error: Error) => {
    log.warn({ reason: messageOf(error) }, 'connection to the broker failed');
  });
  options.credentials?.onSecret?.((secret) => {
    if (lines === undefined) return; // the next connection begins with it
    connection.updateSecret(Buffer.from(secret), 'renewed').catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'the broker did not take the renewed credential');
    });
  });
  await connection.waitForConnect();

  return {
    get connected() {
      return lines !== undefined && !blocked;
    },
    publish(key, body, { contentType, type, mandatory = false, copies = [] }) {
      if (lines === undefined || blocked) return false;
      const kind = routes.kindOf(key);
      // BCC, not CC: RabbitMQ takes it out of the message, so that consumers need not parse a header of many keys.
      const more = copies.length === 0 ? {} : { BCC: [...copies] };
      const properties = { contentType, userId, mandatory, ...(type === undefined ? {} : { type }), ...more };
      return (kind === 'values' ? lines.values : lines.control).use((channel) => {
        try {
          channel.publish(routes.exchanges[kind], key, body, properties);
        } catch {
          // The channel closed under us: the next message opens another.
        }
      });
    },
    async bind(key) {
      await topology.bind(key, queueOf(key));
    },
    async unbind(key) {
      await topology.unbind(key);
    },
    async lend(name, keys) {
      await topology.lend(name, keys);
    },
    async release(name, keys) {
      await topology.release(name, keys);
    },
    async declare() {
      if (bindsItself) await topology.declare();
    },
    async mend(exchange) {
      if (bindsItself) await topology.declare();
      await topology.again(exchange);
    },
    async check() {
      const now = lines;
      if (now?.listening === undefined) return false;
      return now.listening.checkQueue(queue).then(
        () => true,
        () => false,
      );
    },
    reconnect(why) {
      down();
      if (current !== undefined) abandon(current, why);
    },
    async close() {
      const last = lines;
      down();
      const goodbye = async (): Promise<void> => {
        // The channels first: what was published a moment ago is sent before them, but not before the connection's end.
        await Promise.all([last?.values.close(), last?.control.close()]);
        await connection.close();
      };
      await within(GOODBYE_MS, goodbye(), () => undefined);
      if (current !== undefined) abandon(current, 'the end');
    },
  };
}

/** In order, but not for longer than that may take. */
function leave(model: ChannelModel): void {
  const timer = setTimeout(() => {
    abandon(model, 'the broker did not say goodbye');
  }, GOODBYE_MS);
  const done = (): void => {
    clearTimeout(timer);
  };
  model.close().then(done, done);
}

function abandon(model: ChannelModel, why: string): void {
  const { connection } = model as unknown as { connection: { stream: Socket } };
  connection.stream.destroy(new Error(why));
}

function deliveryOf(
  message: Pick<ConsumeMessage, 'content'> & { fields: unknown; properties: unknown },
): Delivery {
  const { routingKey } = message.fields as { routingKey: string };
  const { contentType, userId, type } = message.properties as Record<string, unknown>;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    key: routingKey,
    body: message.content,
    contentType: text(contentType) ?? '',
    user: text(userId),
    type: text(type),
  };
}
