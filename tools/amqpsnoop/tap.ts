/*
 * Taps the broker. In: its URL. Out: copies of messages, and how they were obtained.
 *
 * Direct exchanges do not know wildcards, so there are two ways. The firehose: RabbitMQ copies every published message
 * to the exchange amq.rabbitmq.trace while an administrator has switched it on (rabbitmqctl trace_on). Bindings: a queue
 * of our own is bound to every known key, and to those learned from messages. Either way the queue is exclusive
 * and bounded: when this tool is slow the oldest copies are dropped, and no service ever waits.
 */
import { within } from '../../common/service/deadline';
import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { LIMITS } from '../../common/service/limits';
import { messageOf } from '../../common/service/errors';
import type { BrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { BrokerTarget } from '../../common/wire/broker/broker-target';
import type { Routes } from '../../common/wire/route';
import { KEYS } from './known';
import type { Copy } from './copy';

/** Maximum number of copies that wait at the broker. */
export const QUEUE_MESSAGES = 2000;
const QUEUE_BYTES = 32 * 1024 * 1024;

export interface Tap {
  readonly way: 'firehose' | 'bindings';
  /** Only for bindings; the firehose delivers everything. */
  bind(keys: Iterable<string>): Promise<void>;
  /** Copies waiting at the broker; at the limit, older ones have been dropped there. */
  depth(): Promise<number>;
  close(): Promise<void>;
}

const TRACE = 'amq.rabbitmq.trace';
/** The firehose returns a message in about a millisecond; a loaded broker gets this long. */
const PROBE_MS = 500;

interface TapOptions {
  readonly url: string;
  readonly credentials: BrokerCredentials;
  readonly routes: Routes;
  /** Name of our queue. */
  readonly queue: string;
  readonly way: 'auto' | 'firehose' | 'bindings';
  readonly onCopy: (copy: Copy) => void;
  readonly onDown: (reason: string) => void;
}

/** Rejects when the broker cannot be reached, and when the firehose is required but off. */
export async function openTap(o: TapOptions): Promise<Tap> {
  const target = new BrokerTarget(o.url, o.credentials);
  const model = await connect(target.address, {
    ...target.options,
    noDelay: true,
    timeout: LIMITS.toolAnswerMs,
  });
  model.on('error', () => undefined); // 'close' follows and says why
  let closing = false;
  let reason = 'the connection ended';
  model.on('close', (error?: Error) => {
    if (error !== undefined) reason = messageOf(error);
    if (!closing) o.onDown(reason);
  });
  const close = async (): Promise<void> => {
    closing = true;
    await model.close().catch(() => undefined);
  };
  try {
    const firehose = o.way === 'bindings' ? undefined : await tryFirehose(model, o, target.user);
    if (firehose === undefined && o.way === 'firehose') {
      throw new Error('the firehose is off; an administrator switches it on with: rabbitmqctl trace_on');
    }
    if (firehose !== undefined) {
      return { way: 'firehose', bind: () => Promise.resolve(), depth: () => depthOf(firehose), close };
    }
    const { channel, queue } = await openQueue(model, o.queue, (message) => {
      o.onCopy(plainCopy(message));
    });
    // No service may have connected to this broker yet.
    for (const name of Object.values(o.routes.exchanges))
      await channel.assertExchange(name, 'direct', { durable: false });
    const bound = new Set<string>();
    return {
      way: 'bindings',
      async bind(keys) {
        for (const key of keys) {
          if (bound.has(key) || bound.size >= KEYS) continue;
          bound.add(key);
          await channel.bindQueue(queue, o.routes.exchangeOf(key), key);
        }
      },
      depth: () => depthOf({ channel, queue }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Queue {
  readonly channel: Channel;
  readonly queue: string;
}

async function openQueue(
  model: ChannelModel,
  queue: string,
  take: (message: ConsumeMessage) => void,
): Promise<Queue> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // a refused binding closes the channel; the call that asked for it rejects
  await channel.assertQueue(queue, {
    exclusive: true,
    autoDelete: true,
    durable: false,
    maxLength: QUEUE_MESSAGES,
    arguments: { 'x-max-length-bytes': QUEUE_BYTES, 'x-overflow': 'drop-head' },
  });
  await channel.consume(
    queue,
    (message) => {
      if (message !== null) take(message);
    },
    { noAck: true, exclusive: true },
  );
  return { channel, queue };
}

async function depthOf({ channel, queue }: Queue): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

/** Binds to the trace exchange and publishes a message that no one else receives; undefined when its copy does not arrive. */
async function tryFirehose(
  model: ChannelModel,
  { routes, queue, onCopy }: TapOptions,
  user: string,
): Promise<Queue | undefined> {
  const probe = `${queue}.probe.${Math.random().toString(36).slice(2)}`;
  let seen: () => void = () => undefined;
  const arrived = new Promise<true>(
    (resolve) =>
      (seen = () => {
        resolve(true);
      }),
  );
  try {
    const opened = await openQueue(model, `${queue}:firehose`, (message) => {
      const copy = tracedCopy(message);
      if (copy.keys.includes(probe)) seen();
      else onCopy(copy);
    });
    for (const name of Object.values(routes.exchanges))
      await opened.channel.bindQueue(opened.queue, TRACE, `publish.${name}`);
    opened.channel.publish(routes.exchanges.up, probe, Buffer.alloc(0), { userId: user });
    const on = await within(PROBE_MS, arrived, () => false);
    if (on) return opened;
    await opened.channel.close();
  } catch {
    // No permission to read the trace exchange, or no such exchange: bindings are used.
  }
  return undefined;
}

function plainCopy({ fields, properties, content }: ConsumeMessage): Copy {
  const { contentType } = properties as { contentType?: string };
  return { keys: [fields.routingKey], contentType: contentType ?? '', body: content };
}

/** The firehose puts the message's routing data into headers. */
function tracedCopy({ properties, content }: ConsumeMessage): Copy {
  const headers = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const keys = Array.isArray(headers['routing_keys']) ? headers['routing_keys'].map(String) : [];
  const { content_type: type } = (headers['properties'] ?? {}) as { content_type?: unknown };
  return { keys, contentType: typeof type === 'string' ? type : '', body: content };
}
