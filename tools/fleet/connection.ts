/*
 * Some nodes of the fleet on one connection to the broker. In: their numbers. Out: nodes that receive messages to their
 * own keys, and send as if each had its own connection.
 *
 * A thousand connections would measure the broker's memory, not us; a single one would be throttled by the broker, and
 * every node's messages would wait behind all the others'. So about a hundred nodes share a connection and its queue,
 * which is bound to each node's key.
 */
import { connectBroker, type Broker } from '../../common/wire/broker/broker';
import { userIn } from '../../common/service/broker-url';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { DATA_CONTENT, encodeData } from '../../common/wire/data';
import { messageOf } from '../../common/service/errors';
import type { Log } from '../../common/service/log';
import {
  CONTROL_CONTENT,
  decodeMessage,
  encodeMessage,
  PROTOCOL_VERSION,
  type Message,
  type WireCatalogue,
} from '../../common/wire/message';
import { identityOfUser } from '../../common/wire/identity';
import { routes } from '../../common/wire/route';
import { hash } from '../../services/instrumenter/sources/synthetic/random';
import { SyntheticNode, type NodeOptions } from './node';
import type { Foretold } from './oracle';

interface ConnectionOptions {
  readonly url: string;
  readonly prefix: string;
  readonly seed: number;
  readonly skewMs: number;
  readonly oracle: Foretold;
  readonly catalogue: WireCatalogue;
  readonly log: Log;
  readonly malformed: () => void;
  readonly patient?: boolean | undefined;
  readonly made?: NodeOptions['made'] | undefined;
  readonly gaveUp?: NodeOptions['gaveUp'] | undefined;
}

/** Bindings requested at a time. */
const BINDINGS = 100;

/** Resolves when commands reach the nodes; they are silent until they are started. Rejects without a broker. */
export async function connectNodes(
  numbers: readonly number[],
  options: ConnectionOptions,
): Promise<{ broker: Broker; nodes: SyntheticNode[] }> {
  const keys = routes(options.prefix);
  if (identityOfUser(userIn(options.url), options.prefix) !== undefined) {
    throw new Error(
      `one connection cannot speak for many nodes as the user ${userIn(options.url)}; fix: use a broker whose services share one user`,
    );
  }
  let link: Broker | undefined = undefined as Broker | undefined;
  const nodes = numbers.map((n) => makeNode(`sim${n}`, options, () => link));
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const broker = await connectBroker({
    url: options.url,
    routes: keys,
    queue: `${keys.tool('fleet', process.pid)}.${numbers[0] ?? 0}`,
    log: options.log,
    firstAttempts: 3,
    onMessage: ({ key, body }) => {
      try {
        const message = decodeMessage(body);
        if (key === keys.broadcast) for (const node of nodes) node.receive(message);
        else byKey.get(key)?.receive(message);
      } catch (error) {
        options.malformed();
        options.log.warn({ key, reason: messageOf(error) }, 'dropped a message');
      }
    },
    onUp: () => {
      for (const node of nodes) node.connected();
    },
    onDown: (reason) => {
      options.log.warn({ reason }, 'the fleet lost the broker');
    },
  });
  link = broker;
  const wanted = [...byKey.keys(), keys.broadcast];
  for (let i = 0; i < wanted.length; i += BINDINGS) {
    await Promise.all(wanted.slice(i, i + BINDINGS).map((key) => broker.bind(key)));
  }
  return { broker, nodes };
}

function makeNode(
  name: string,
  { prefix, seed, skewMs, oracle, catalogue, patient, made, gaveUp }: ConnectionOptions,
  link: () => Broker | undefined,
): SyntheticNode {
  let lastId = 0;
  const node: SyntheticNode = new SyntheticNode({
    name,
    routes: routes(prefix),
    oracle,
    catalogue,
    ...(patient === undefined ? {} : { patient }),
    ...(made === undefined ? {} : { made }),
    ...(gaveUp === undefined ? {} : { gaveUp }),
    skewMs: skewMs === 0 ? 0 : (hash(seed, name, 'skew') % (2 * skewMs + 1)) - skewMs,
    now: () => SYSTEM_CLOCK.now(),
    tell: (to, type, body) => {
      const message = {
        version: PROTOCOL_VERSION,
        type,
        id: `${name}.${++lastId}`,
        time: SYSTEM_CLOCK.now() + node.skewMs,
        host: name,
        from: node.key,
        body,
      } as Message;
      link()?.publish(to, encodeMessage(message), { contentType: CONTROL_CONTENT, type });
    },
    send: ([key = '', ...copies], message) =>
      link()?.publish(key, encodeData(message), { contentType: DATA_CONTENT, copies }) ?? false,
  });
  return node;
}
