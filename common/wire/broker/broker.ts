/*
 * The broker: one connection, our own queue, and one more for values where we receive them.
 * In: bytes to publish under a key. Out: bytes received, and events of the connection. Next on the walk: topology.ts.
 *
 * Receiving, sending, values and bindings have a channel each (channel.ts): the broker closes a channel on any error,
 * and handles the requests of a channel one after the other. amqplib reconnects with jittered back-off;
 * queues and bindings are declared again each time, before anything is delivered. Messages are transient and
 * unacknowledged: a lost value costs one second, and receivers count losses. publish() returns false while the
 * connection is down; nothing is buffered here.
 */
import { within } from '../../service/deadline';
import type { Socket } from 'node:net';
import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { messageOf } from '../../service/errors';
import type { Log } from '../../service/log';
import type { BrokerCredentials } from './broker-credentials';
import { BrokerTarget } from './broker-target';
import { StandingChannel } from './channel';
import { identityOfKey } from '../identity';
import type { ExchangeKind, Routes } from '../route';
import { Topology } from './topology';

export interface Delivery {
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  /** The sender's user, verified by the broker. */
  readonly user: string | undefined;
  /** Message type from the AMQP properties, available before the body is parsed. */
  readonly type: string | undefined;
}

interface BrokerEvents {
  readonly onMessage: (delivery: Delivery) => void;
  /** The queue exists (first time, or again), with its bindings where we bind our own queue. */
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  /** The broker blocks publishing, with its reason. Undefined: unblocked. */
  readonly onBlocked?: (reason: string | undefined) => void;
  /** One of these exchanges is gone: the broker refused a message to it. */
  readonly onRefused?: (kinds: readonly ExchangeKind[]) => void;
  /** A mandatory message reached no queue. */
  readonly onUnroutable?: (delivery: Delivery) => void;
}

export interface BrokerOptions extends BrokerEvents {
  /** One URL, or several of one cluster separated by commas. */
  readonly url: string;
  readonly credentials?: BrokerCredentials | undefined;
  readonly routes: Routes;
  /** Name of our queue, and our key. */
  readonly queue: string;
  /** False: only sends; the queue is another service's. */
  readonly listens?: boolean;
  /** Our queue may be another's, which has no right to it any more: delete it first, once. */
  readonly seizes?: boolean;
  /** Receives values, in a separate queue, so that other messages do not wait behind them. */
  readonly values?: boolean;
  readonly log: Log;
  /** Attempts before giving up the first connection; tools use 0. Default: no limit, for services. */
  readonly firstAttempts?: number;
}

export interface Publishing {
  readonly contentType: string;
  readonly type?: string;
  /** Returned through onUnroutable when no queue gets it. */
  readonly mandatory?: boolean;
  /** More keys; a queue bound to several of them gets the message once. They must be of the key's exchange. */
  readonly copies?: readonly string[];
}

/** The broker as services use it; tests have an in-memory one with the same contract (tools/stack/broker.test.ts). */
export interface Broker {
  readonly connected: boolean;
  /** False when the connection is down or blocked: the message is not sent and not kept. */
  publish(key: string, body: Buffer, how: Publishing): boolean;
  /** Kept across reconnects. Resolves when bound, or at once while disconnected; rejects when binding fails. */
  bind(key: string): Promise<void>;
  unbind(key: string): Promise<void>;
  /** For the config service: binds a member's queue to its keys. Rejects when there is no such queue. */
  lend(queue: string, keys: readonly string[]): Promise<void>;
  /** Reverses `lend`. */
  release(queue: string, keys: readonly string[]): Promise<void>;
  /** Declares missing exchanges, if our role may do so. */
  declare(): Promise<void>;
  /** Declares missing exchanges, and restores the bindings of this one. */
  mend(exchange: string): Promise<void>;
  /** True if the broker answers and still has our queue. */
  check(): Promise<boolean>;
  /** Drops the connection without a close handshake and opens a new one: for when nothing arrives any more. */
  reconnect(why: string): void;
  close(): Promise<void>;
}

/** Time limit of the close handshake; a broker that is gone or blocked never completes it. */
const GOODBYE_MS = 2000;

/** Channels of one connection. */
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
  // Members may not bind, so the config service binds their queues; it and tools bind their own.
  const bindsItself = role === undefined || role === 'config' || role === 'operator';
  const valuesQueue = options.values === true ? `${queue}:values` : queue;
  const queueOf = (key: string): string => (routes.kindOf(key) === 'values' ? valuesQueue : queue);
  const topology = new Topology({ routes, declares: bindsItself, log });
  if (bindsItself) void topology.bind(queue, queue);
  let lines: Lines | undefined;
  let current: ChannelModel | undefined;
  let blocked = false;
  let seizes = options.seizes === true;

  const setup = async (model: ChannelModel): Promise<void> => {
    // The library adds its listener only after setup; until then an error event would end the process.
    model.on('error', (error: Error) => {
      log.debug({ reason: messageOf(error) }, 'the connection to the broker ended');
    });
    try {
      await open(model);
      current = model;
    } catch (error) {
      // No orderly close: the library would wait for the broker's answer before it tries again, perhaps for ever.
      abandon(model, 'setting up failed');
      model.close = () => Promise.resolve();
      throw error;
    }
  };
  const open = async (model: ChannelModel): Promise<void> => {
    const listening = options.listens === false ? undefined : await listen(model, queue);
    if (valuesQueue !== queue) await listen(model, valuesQueue);
    const bound = topology.attach(model);
    // A member's exchange may not exist until the config service runs; it is bound as soon as it exists.
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
  /** Consumes a queue on its own channel; when the channel ends, so does the connection. */
  const listen = async (model: ChannelModel, name: string): Promise<Channel> => {
    const channel = await model.createChannel();
    // Without a listener an 'error' event would end the process.
    channel.on('error', (error) => {
      log.warn({ err: error }, 'the broker closed our channel');
    });
    // Not exclusive, because the config service must bind it; we are its only consumer, and it is deleted with us. An error here
    // means that our own dead connection still holds it: setup fails and is tried again later.
    const exclusive = role === 'operator';
    if (seizes) await channel.deleteQueue(name);
    seizes = false;
    await channel.assertQueue(name, { exclusive, durable: false, autoDelete: true });
    await channel.consume(
      name,
      (message) => {
        // null: the queue was deleted. Only a new connection restores all of it.
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
    if (lines === undefined) return; // the next connection uses it
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
          // The channel closed meanwhile: the next message opens another.
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
        // Close the channels first: that flushes what was just published; closing the connection does not.
        await Promise.all([last?.values.close(), last?.control.close()]);
        await connection.close();
      };
      await within(GOODBYE_MS, goodbye(), () => undefined);
      if (current !== undefined) abandon(current, 'the end');
    },
  };
}

/** Closes in order, within GOODBYE_MS. */
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
