/*
 * Attacks with the broker credentials of one node: those of node-b, whose customer is rival, against all others.
 */
import type { AggregatorStatus, ConfigStatus } from '../../common/api/status';
import type { RawAnswer } from '../../common/api/value';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Thief } from '../testing/thief';
import { until } from '../testing/until';
import { broken, HELD, verdict, type Attack, type Outcome } from './attack';
import { TOKENS, type System } from './system';

const HOST = 'node-b';
const thiefIn = ({ stack }: System): Thief => new Thief(stack.urlOf({ role: 'node', host: HOST }), HOST);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** With the status of each member. */
type Status = Omit<ConfigStatus, 'aggregators'> & {
  readonly aggregators: readonly (ConfigStatus['aggregators'][number] & {
    readonly status: AggregatorStatus;
  })[];
};

async function statusOf(system: System): Promise<Status> {
  return (await system.ask(TOKENS.operator, 'GET', '/ca/admin/status?recurse=true')).body as Status;
}

/** An instrumentation that no node has. */
const STANDING = { catalogue: 'f'.repeat(22), gathers: 'f'.repeat(22), exceptions: 'f'.repeat(22) };

const SCOPE = '/ca';
const QUESTION = { module: 'memory', stat: 'rss' };

type Raw = RawAnswer & { readonly value: number };

async function raw(system: System, uri: string, more = ''): Promise<Raw> {
  return (await system.ask(TOKENS.operator, 'GET', `${uri}/value/raw${more}`)).body as Raw;
}

/** Shared by all attacks that need it: each of them leaves it as it was, or is broken. */
const questions = new WeakMap<System, Promise<string>>();

/** A question of the operator's that both nodes answer. */
function asked(system: System): Promise<string> {
  const known = questions.get(system) ?? ask(system);
  questions.set(system, known);
  return known;
}

async function ask(system: System, more: object = {}): Promise<string> {
  const uri = await system.create(TOKENS.operator, SCOPE, { ...QUESTION, ...more });
  await until('both nodes reporting', 15_000, async () =>
    (await raw(system, uri)).minreporting === 2 ? true : undefined,
  );
  return uri;
}
const fqidOf = (uri: string): string => `global;${uri.split('/').at(-1) ?? ''}`;

/** Waits until the services have processed the messages, and both nodes still report. */
async function unmoved(system: System, uri: string): Promise<Outcome> {
  await pause(1500);
  const { minreporting, nsources } = await raw(system, uri);
  return minreporting === 2 && nsources === 2 ? HELD : broken(`${minreporting} of ${nsources} nodes report`);
}

/** Each must be refused by the broker. */
async function refusedAll(
  thief: Thief,
  tried: Readonly<Record<string, Parameters<Thief['refusal']>[0]>>,
): Promise<Outcome> {
  const found: string[] = [];
  for (const [what, how] of Object.entries(tried)) {
    const refusal = await thief.refusal(how);
    if (refusal === undefined) found.push(`${what} was allowed`);
    else if (!/403|406|405|404/.test(refusal)) found.push(`${what}: ${refusal}`);
  }
  return verdict(found);
}

export const attacks: readonly Attack[] = [
  {
    area: 'bus',
    name: 'B1: a node cannot hear values, other nodes’ commands, or what is for services',
    run(system) {
      const thief = thiefIn(system);
      const { keys, own } = thief;
      const { values, up, down } = keys.exchanges;
      const tried: Record<string, Parameters<Thief['refusal']>[0]> = {};
      for (const exchange of [values, up, down, 'amq.direct', 'amq.topic', 'amq.rabbitmq.trace'])
        for (const key of [keys.instrumentation('global;1'), keys.instrumenter('node-a'), keys.config, '#'])
          tried[`binding ${key} of ${exchange}`] = (c) => c.bindQueue(own, exchange, key);
      for (const queue of [
        keys.instrumenter('node-a'),
        keys.config,
        'ca.aggregator.node-a-0',
        'ca.aggregator.node-a-0:values',
      ])
        tried[`reading ${queue}`] = (c) => c.get(queue);
      return refusedAll(thief, tried);
    },
  },
  {
    area: 'bus',
    name: 'B2, B10: a node cannot command or end anybody: the broker refuses it, and so do services',
    async run(system) {
      const thief = thiefIn(system);
      const { keys } = thief;
      const tried: Record<string, Parameters<Thief['refusal']>[0]> = {};
      for (const type of ['gathers', 'abort', 'dump', 'content'] as const)
        for (const exchange of [keys.exchanges.down, '', 'amq.direct'])
          for (const key of [keys.instrumenter('node-a'), keys.broadcast])
            tried[`${type} to ${key} by "${exchange}"`] = (c) =>
              c.publish(exchange, key, thief.message(type, {}), thief.control(type));
      const refused = await refusedAll(thief, tried);
      if (refused.result !== 'held') return refused;
      for (const key of [keys.config, keys.aggregator('node-a-0'), keys.aggregator('node-a-1')])
        for (const more of [{}, { from: keys.config }, { from: keys.tool('x', 1), host: 'x' }])
          for (const type of ['abort', 'dump', 'status', 'log'] as const)
            await thief.send(key, type, type === 'log' ? { text: 'x' } : {}, more);
      await pause(1500);
      return HELD; // a service that ended is a casualty
    },
  },
  {
    area: 'bus',
    name: 'B3, B16, B17: an aggregator’s instrumentations, values on disk and secret are not a node’s to change',
    async run(system) {
      const thief = thiefIn(system);
      const uri = await ask(system, { 'persist-data': true });
      const kept = join(system.home, 'hindsight');
      await until('values on disk', 10_000, () => existsSync(kept) || undefined);
      for (const instance of ['node-a-0', 'node-a-1']) {
        const key = thief.keys.aggregator(instance);
        for (const more of [{}, { from: thief.keys.config }]) {
          for (const fqid of ['', 'journal', '..', '../..', fqidOf(uri)])
            await thief.send(key, 'disable_aggregation', { fqid, deleted: true }, more);
          await thief.send(key, 'front_door', { secret: 'x'.repeat(64) }, more);
          await thief.send(key, 'enable_aggregation', { instrumentation: {}, nodes: [] }, more);
        }
      }
      const outcome = await unmoved(system, uri);
      return existsSync(kept) ? outcome : broken('CA_HOME/hindsight is gone');
    },
  },
  {
    area: 'bus',
    name: 'B4, B5, B6: a node cannot pass for an aggregator, at any address',
    async run(system) {
      const thief = thiefIn(system);
      const { keys } = thief;
      const before = (await statusOf(system)).aggregators;
      for (const [instance, from] of [
        ['node-a-0', keys.aggregator('node-a-0')],
        ['node-a-0', keys.instrumenter(HOST)],
        ['node-b-0', keys.aggregator('node-b-0')],
        ['x-9', keys.aggregator('x-9')],
      ] as const)
        for (const httpHost of ['127.0.0.1', '169.254.169.254', '10.0.0.1', 'example.com', '0.0.0.0'])
          await thief.send(
            keys.config,
            'aggregator_online',
            { instance, httpHost, httpPort: 6666 },
            { from },
          );
      await pause(1000);
      const after = (await statusOf(system)).aggregators;
      const plain = (all: Status['aggregators']): string =>
        all
          .map(({ instance, httpPort }) => `${instance} ${httpPort}`)
          .sort()
          .join();
      return plain(before) === plain(after) ? HELD : broken(`aggregators are ${plain(after)}`);
    },
  },
  {
    area: 'bus',
    name: 'B7, B9: values of another host, of an invented one, or for what nobody asked are not counted',
    limitMs: 45_000,
    async run(system) {
      const thief = thiefIn(system);
      const uri = await asked(system);
      const before = await statusOf(system);
      const second = Math.floor(Date.now() / 1000) + 4;
      await thief.report(fqidOf(uri), 'node-a', second, 7);
      for (let i = 0; i < 200; i++) await thief.report(fqidOf(uri), `ghost${i}`, second, 1e15);
      const { status } = await system.ask(TOKENS.operator, 'POST', `${SCOPE}/instrumentations`, {
        ...QUESTION,
        enabled: false,
      });
      if (status !== 201) return broken(`cannot create: ${status}`);
      const off = `global;${Number(fqidOf(uri).split(';')[1]) + 1}`;
      await thief.report(off, HOST, second, 1e15);
      await until('the second being over', 15_000, () => (Date.now() / 1000 > second + 3 ? true : undefined));
      const { value, minreporting, nsources } = await raw(system, uri, `?start_time=${second}&duration=1`);
      const after = await statusOf(system);
      const refused = (all: Status): number =>
        all.aggregators.reduce((sum, one) => sum + one.status.peer.refused, 0);
      return verdict([
        ...(minreporting === 2 && nsources === 2
          ? []
          : [`${minreporting} of ${nsources} nodes are said to report`]),
        ...(value < 1e15 && value > 7 ? [] : [`the value is ${value}`]),
        ...(refused(after) - refused(before) >= 201 ? [] : ['the reports were not refused']),
      ]);
    },
  },
  {
    area: 'bus',
    name: 'B8: a count is no double: what is lost, or counted, cannot make sums that are no numbers',
    async run(system) {
      const thief = thiefIn(system);
      const uri = await system.create(TOKENS.operator, SCOPE, { module: 'ca', stat: 'instr_ticks' });
      const second = Math.floor(Date.now() / 1000) + 2;
      for (const number of [1.7e308, -1e15, NaN, Infinity, -1]) {
        await thief.report(fqidOf(uri), HOST, second, number, 1.7e308);
        await thief.report(fqidOf(uri), HOST, second - 1, number, -5);
      }
      await pause(3500);
      const { value, lost } = await raw(system, uri, `?start_time=${second}&duration=1`);
      // A node may report anything about itself, but it must stay a number, and not below zero.
      const isCount = (n: unknown): boolean => typeof n === 'number' && n >= 0 && Number.isFinite(n);
      return isCount(value) && isCount(lost) ? HELD : broken(`value ${value}, lost ${lost}`);
    },
  },
  {
    area: 'bus',
    name: 'B11: another node does not go, change its words or its state by a node’s word',
    async run(system) {
      const thief = thiefIn(system);
      const { keys } = thief;
      const uri = await asked(system);
      const others = [{ from: keys.instrumenter('node-a'), host: 'node-a' }, { host: 'node-a' }];
      for (const other of others) {
        await thief.send(keys.config, 'offline', {}, other);
        await thief.send(keys.config, 'instrumenter_online', { standing: STANDING }, other);
        await thief.send(keys.config, 'alive', { standing: STANDING }, other);
      }
      await pause(1000);
      const { instrumenters } = await statusOf(system);
      if (!instrumenters.some(({ host }) => host === 'node-a')) return broken('node-a is gone');
      return unmoved(system, uri);
    },
  },
  {
    area: 'bus',
    name: 'B12, B14: hellos, malformed messages and lines of the log are bounded',
    limitMs: 30_000,
    async run(system) {
      const thief = thiefIn(system);
      const { keys, own } = thief;
      const before = (await statusOf(system)).counts.rssBytes;
      const label = 'x'.repeat(1000);
      const words = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, label]));
      await thief.through(async (channel) => {
        for (let i = 0; i < 60; i++) {
          const from = i % 2 === 0 ? own : keys.instrumenter(`ghost${i}`);
          const hello = thief.message('instrumenter_online', { standing: STANDING, ...words }, { from });
          channel.publish(keys.exchanges.up, keys.config, hello, thief.control('instrumenter_online'));
        }
        for (let i = 0; i < 20_000; i++)
          channel.publish(keys.exchanges.up, keys.config, Buffer.from(`{${i}`), thief.control('alive'));
        await channel.checkExchange('amq.direct');
      });
      const { counts } = await until('all being counted', 20_000, async () => {
        const now = await statusOf(system);
        return countedIn(now) >= 20_000 ? now : undefined;
      }).catch(() => statusOf(system));
      const grown = (counts.rssBytes - before) / 2 ** 20;
      const lines = linesOf(system, 'config');
      return verdict([
        ...(grown < 150 ? [] : [`the config service grew by ${grown.toFixed(0)} MiB`]),
        ...(lines < 500 ? [] : [`its log has ${lines} lines`]),
        ...(countedIn({ counts }) >= 20_000 ? [] : [`only ${countedIn({ counts })} were counted`]),
      ]);
    },
  },
  {
    area: 'bus',
    name: 'B13: nobody else’s message is one to ourselves',
    async run(system) {
      const thief = thiefIn(system);
      const { keys } = thief;
      for (const more of [{}, { from: keys.config }])
        await thief.send(keys.config, 'ping', {}, { ...more, time: 1e300 });
      await pause(2500);
      const { bus } = await statusOf(system);
      return bus.ok && bus.selfPingMs > 0 && bus.selfPingMs < 5000
        ? HELD
        : broken(`the message to itself is said to be ${bus.selfPingMs} ms old`);
    },
  },
  {
    area: 'bus',
    name: 'B15: a node cannot delete or declare an exchange or a queue; an operator’s slip is mended within 5 s',
    limitMs: 40_000,
    async run(system) {
      const thief = thiefIn(system);
      const { keys } = thief;
      const tried: Record<string, Parameters<Thief['refusal']>[0]> = {};
      for (const exchange of Object.values(keys.exchanges)) {
        tried[`deleting ${exchange}`] = (c) => c.deleteExchange(exchange);
        tried[`declaring ${exchange}`] = (c) => c.assertExchange(exchange, 'fanout');
      }
      for (const queue of [keys.config, keys.instrumenter('node-a'), keys.aggregator('node-a-0'), 'mine', ''])
        tried[`declaring the queue "${queue}"`] = (c) => c.assertQueue(queue);
      for (const queue of [keys.config, keys.instrumenter('node-a'), keys.aggregator('node-a-0')]) {
        tried[`deleting ${queue}`] = (c) => c.deleteQueue(queue);
        tried[`emptying ${queue}`] = (c) => c.purgeQueue(queue);
      }
      const refused = await refusedAll(thief, tried);
      if (refused.result !== 'held') return refused;
      const uri = await asked(system);
      const operator = new Thief(system.stack.amqpUrl, HOST);
      for (const exchange of Object.values(keys.exchanges))
        await operator.through((c) => c.deleteExchange(exchange));
      const deleted = Math.floor(Date.now() / 1000);
      await pause(5000);
      // 5 s after it, the newest complete second is whole again.
      const { minreporting } = await raw(system, uri, `?start_time=${deleted + 5}&duration=1`);
      return minreporting === 2 ? HELD : broken(`${minreporting} of 2 nodes report 5 s after it`);
    },
  },
  {
    area: 'bus',
    name: 'B18: an answer to what somebody else was asked is none',
    async run(system) {
      const thief = thiefIn(system);
      const uri = await asked(system);
      const time = Date.now() + 7_200_000;
      for (const instance of ['node-a-0', 'node-a-1'])
        for (let id = 1; id < 50; id++)
          await thief.send(thief.keys.aggregator(instance), 'answer', {
            to: `${process.pid}.${id}`,
            body: { time, unknown: [] },
          });
      return unmoved(system, uri);
    },
  },
];

function countedIn({ counts: { messages } }: Pick<Status, 'counts'>): number {
  return messages.malformed + messages.refused;
}

function linesOf(system: System, service: string): number {
  return readFileSync(join(system.home, 'log', `${service}.log`), 'utf8').split('\n').length;
}
