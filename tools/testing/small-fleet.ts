/*
 * The front door and aggregators of one test in one process: real HTTP, a bus in memory, a clock to turn by hand.
 * In: how many aggregators. Out: a door to ask, and reports to send as if nodes had.
 */
import { cacheOfBytes } from '../../common/service/cache';
import { serve, type HttpServer } from '../../common/http/http';
import { AGGREGATOR_HEADER } from '../../common/http/front-door';
import { SILENT } from '../../common/service/log';
import type { Body } from '../../common/wire/message';
import type { Value } from '../../common/model/value';
import { Aggregator } from '../../services/aggregator/aggregator';
import { INLINE } from '../../services/aggregator/heatmap/pixels/renderer';
import { AnswerBudget } from '../../services/aggregator/http/answer-budget';
import type { Context } from '../../services/aggregator/http/answer';
import { valueRoutes } from '../../services/aggregator/http/routes';
import { promqlRoutes } from '../../services/aggregator/promql/routes';
import { addAggregator, addNode, aggregatorKey } from '../../services/config/testing/fake-fleet';
import {
  testFront,
  testKeys,
  type TestFront,
  type TestOptions,
} from '../../services/config/testing/test-front';

export interface SmallFleet extends TestFront {
  readonly aggregators: readonly Aggregator[];
  /** Creates it, and returns its path. */
  create(properties: Readonly<Record<string, unknown>>, scope?: string): Promise<string>;
  /** Milliseconds. */
  now(): number;
  /** Sends a report of one node to the aggregator that owns the instrumentation. */
  report(fqid: string, node: string, second: number, value: Value, lost?: number): void;
  close(): Promise<void>;
}

export async function startSmallFleet(count: number, options: TestOptions = {}): Promise<SmallFleet> {
  let turn = 0;
  const front = await testFront({ random: () => (turn++ % count) / count, ...options });
  const aggregators: Aggregator[] = [];
  const { bus } = front;
  const tell = bus.tell.bind(bus);
  // The list of nodes, which aggregators would receive over the bus.
  bus.tell = (to, type, body) => {
    aggregators.forEach((one, i) => {
      if (type === 'nodes' && to === aggregatorKey(`a${i}`)) one.nodes(body as Body<'nodes'>);
    });
    return tell(to, type, body);
  };
  const servers: HttpServer[] = [];
  for (let i = 0; i < count; i++) {
    const aggregator = new Aggregator({
      clock: front.clock,
      log: SILENT,
      bind: () => Promise.resolve(),
      unbind: () => Promise.resolve(),
      resend: () => Promise.resolve([]),
      time: () => Promise.resolve(front.clock.now()),
    });
    const context: Context = {
      aggregator,
      clock: front.clock,
      renderer: INLINE,
      transformations: [],
      pictures: cacheOfBytes(1e6, () => 1000),
      held: new AnswerBudget({ answerBytes: 96e6, allBytes: 256e6 }),
    };
    const server = await serve({
      name: 'aggregator',
      routes: [...valueRoutes(context), ...promqlRoutes(context)],
      host: '127.0.0.1',
      port: 0,
      log: SILENT,
      headers: { [AGGREGATOR_HEADER]: testKeys({ key: aggregatorKey(`a${i}`) }).proof },
    });
    aggregators.push(aggregator);
    servers.push(server);
    await addAggregator(front.bus, `a${i}`, server.port, async ({ type, body }) => {
      if (type === 'enable_aggregation') await aggregator.enable(body as Body<'enable_aggregation'>);
      if (type === 'disable_aggregation') {
        await aggregator.disable((body as Body<'disable_aggregation'>).fqid, true);
      }
      return {};
    });
  }
  await addNode(front.bus, 'n1');
  front.clock.everySecond(() => {
    for (const aggregator of aggregators) aggregator.tick();
    for (const key of front.bus.members.keys()) void front.bus.say(key, 'alive', {});
  });
  return {
    ...front,
    aggregators,
    now: () => front.clock.now(),
    async create(properties, scope = '/ca') {
      const { status, json, text } = await front.ask('POST', `${scope}/instrumentations`, properties);
      if (status !== 201) throw new Error(text);
      const { uri, id } = json as { uri: string; id: string };
      await front.bus.until(() =>
        aggregators.some(
          (one) =>
            one.get(scope === '/ca' ? `global;${id}` : `cust:${scope.split('/')[3]};${id}`) !== undefined,
        ),
      );
      return uri;
    },
    report(fqid, node, second, value, lost = 0) {
      const home = aggregators.find((one) => one.get(fqid) !== undefined);
      const reports = [{ fqid, value, lost }];
      home?.receive({ node, second, duration: 1, sent: front.clock.now(), reports }, 100);
    },
    async close() {
      await front.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
