/*
 * The broker: one connection, two direct exchanges (route.ts says which key belongs to which), one exclusive queue of
 * our own, bound to the keys we ask for.
 * In: bytes to publish under a key. Out: bytes that came, and news of the connection. Only importer of amqplib.
 *
 * amqplib reconnects with jittered back-off; queue and bindings are made anew each time, before anything is
 * delivered. Messages are transient and unacknowledged: a value is worth a second, and losses are counted by who
 * knows them. publish() says false while the connection is down; nothing is kept here.
 */
import type { Socket } from 'node:net';
import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { messageOf } from '../service/errors';
import type { Log } from '../service/log';
import { exchangeOf, VALUES_EXCHANGE } from './route';

export interface Delivery {
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
}

interface BrokerEvents {
  readonly onMessage: (delivery: Delivery) => void;
  /** Queue and bindings are in place (first time, or again). */
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  /** A message that had to reach somebody reached nobody (publish with mandatory). */
  readonly onUnroutable?: (delivery: Delivery) => void;
}

export interface BrokerOptions extends BrokerEvents {
  readonly url: string;
  /** Name of our exclusive queue, and its first binding. */
  readonly queue: string;
  readonly log: Log;
  /** Attempts before the first connection is given up; tools say 0. Services go on for ever. */
  readonly firstAttempts?: number;
}

/** What services see of the broker; tests have one in memory with the same contract (broker.test.ts). */
export interface Broker {
  readonly connected: boolean;
  /**
   * False when the connection is down or blocked: the message is not sent and not kept. `copies` are more keys; a queue
   * bound to several of them gets the message once. They must be of the key's exchange (route.ts).
   */
  publish(
    key: string,
    body: Buffer,
    contentType: string,
    mandatory?: boolean,
    copies?: readonly string[],
  ): boolean;
  /** Remembered over reconnects. Resolves when bound, or at once while disconnected. */
  bind(key: string): Promise<void>;
  unbind(key: string): Promise<void>;
  /** Gives the connection up without asking the broker, and makes a new one: for when nothing comes any more. */
  reconnect(why: string): void;
  close(): Promise<void>;
}

/** A dead broker is noticed after about 2.25 heartbeats (measured with a black hole). */
const HEARTBEAT_SECONDS = 4;
/** The broker gets this long to say goodbye; one that is gone, or blocked, never does. */
const GOODBYE_MS = 2000;

/** Rejects when the first connection fails more often than `firstAttempts` allows. */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { queue, log } = options;
  const keys = new Set([queue]);
  let channel: Channel | undefined;
  let current: ChannelModel | undefined;
  let blocked = false;

  const setup = async (model: ChannelModel): Promise<void> => {
    // The library listens only when we are done here; until then an error event would end the process.
    model.on('error', (error: Error) => {
      log.debug({ reason: messageOf(error) }, 'the connection to the broker ended');
    });
    try {
      await declare(model);
      current = model;
    } catch (error) {
      // Not closed in order: the library would wait for the broker's word before it tries again, perhaps for ever.
      abandon(model, 'setting up failed');
      model.close = () => Promise.resolve();
      throw error;
    }
  };
  const declare = async (model: ChannelModel): Promise<void> => {
    const fresh = await model.createChannel();
    // Without a listener an 'error' event would end the process.
    fresh.on('error', (error) => {
      log.warn({ err: error }, 'the broker closed our channel');
    });
    fresh.on('return', (message) => {
      options.onUnroutable?.(deliveryOf(message));
    });
    // 405 here means that a dead connection of ours still holds the queue: setup fails and is tried again later.
    await fresh.assertQueue(queue, { exclusive: true, durable: false, autoDelete: true });
    // Not durable: whoever connects after a restart of the broker declares it again.
    await fresh.assertExchange(VALUES_EXCHANGE, 'direct', { durable: false });
    for (const key of keys) await fresh.bindQueue(queue, exchangeOf(key), key);
    await fresh.consume(
      queue,
      (message) => {
        // null: somebody deleted the queue. Starting over is the one way that restores all of it.
        if (message === null) leave(model);
        else options.onMessage(deliveryOf(message));
      },
      { noAck: true, exclusive: true },
    );
    fresh.on('close', () => {
      if (channel !== fresh) return;
      channel = undefined;
      leave(model);
    });
    channel = fresh;
    blocked = false;
  };

  const connection = await connect(withHeartbeat(options.url), {
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
    channel = undefined;
    options.onDown(messageOf(error));
  });
  connection.on('connect-failed', (error: Error) => {
    channel = undefined;
    log.warn({ reason: messageOf(error) }, 'cannot connect to the broker yet');
  });
  connection.on('blocked', (reason: string) => {
    blocked = true;
    log.warn({ reason }, 'the broker takes no messages for now');
  });
  connection.on('unblocked', () => {
    blocked = false;
  });
  connection.on('error', (error: Error) => {
    log.warn({ reason: messageOf(error) }, 'connection to the broker failed');
  });
  await connection.waitForConnect();

  return {
    get connected() {
      return channel !== undefined && !blocked;
    },
    publish(key, body, contentType, mandatory = false, copies = []) {
      if (channel === undefined || blocked) return false;
      try {
        // BCC, not CC: RabbitMQ takes it out of the message, so that consumers need not parse a header of many keys.
        const more = copies.length === 0 ? {} : { BCC: [...copies] };
        channel.publish(exchangeOf(key), key, body, { contentType, mandatory, ...more });
        return true;
      } catch {
        return false; // the channel closed under us; the disconnect event follows
      }
    },
    async bind(key) {
      keys.add(key);
      await channel?.bindQueue(queue, exchangeOf(key), key);
    },
    async unbind(key) {
      keys.delete(key);
      await channel?.unbindQueue(queue, exchangeOf(key), key);
    },
    reconnect(why) {
      channel = undefined;
      if (current !== undefined) abandon(current, why);
    },
    async close() {
      const last = channel;
      channel = undefined;
      const goodbye = async (): Promise<void> => {
        // The channel first: what was published a moment ago is sent before it, but not before the connection's end.
        await last?.close().catch(() => undefined);
        await connection.close();
      };
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, GOODBYE_MS);
      });
      await Promise.race([goodbye(), patience]);
      clearTimeout(timer);
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
  const { contentType } = message.properties as { contentType?: string };
  return { key: routingKey, body: message.content, contentType: contentType ?? '' };
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.toString();
}
