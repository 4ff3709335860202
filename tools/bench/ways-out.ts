/*
 * Measurement: what it costs an aggregator to send 20 instrumentations on, by all ways at once, and how soon a query of
 * 300 s is answered. In: seconds of values. Out: percent of a core, of which the encoding, and of scrapes; milliseconds.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventEmitter } from 'node:events';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Instrumentation } from '../../common/model/instrumentation';
import { toFamilyJson } from '../../common/prometheus/metrics/family-json';
import { cacheOfBytes } from '../../common/service/cache';
import type { Request } from '../../common/http/http';
import { SILENT } from '../../common/service/log';
import { toWire } from '../../common/wire/message';
import { Aggregator } from '../../services/aggregator/aggregator';
import { readPush } from '../../services/aggregator/export/push-settings';
import { WaysOut } from '../../services/aggregator/export/ways-out';
import { INLINE } from '../../services/aggregator/heatmap/pixels/renderer';
import type { Context } from '../../services/aggregator/http/answer';
import { AnswerBudget } from '../../services/aggregator/http/answer-budget';
import { promqlRoutes } from '../../services/aggregator/promql/routes';
import { humps, xorshift } from './load';
import { result, type Result } from './result';

const INSTRUMENTATIONS = 20;
const KEYS = 5;
const BUCKETS = 60;
const SCRAPE_EVERY = 15;
const QUERY_SECONDS = 300;

export async function measureWaysOut(seconds: number): Promise<Result[]> {
  let now = Math.floor(Date.now() / 1000) * 1000;
  const clock = { now: () => now, everySecond: () => () => undefined };
  const aggregator = new Aggregator({
    clock,
    log: SILENT,
    bind: () => Promise.resolve(),
    unbind: () => Promise.resolve(),
    resend: () => Promise.resolve([]),
    time: () => Promise.resolve(now),
  });
  const all = Array.from({ length: INSTRUMENTATIONS }, (_, i) => instrumentation(i + 1, now));
  aggregator.nodes({ to: '1', put: [{ catalogue: 'c', names: ['node'] }], drop: [] });
  const scope = { catalogues: ['c'], except: [] };
  for (const i of all) await aggregator.enable({ instrumentation: toWire(i), scope });
  const receiver = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'X-Prometheus-Remote-Write-Histograms-Written': '1000000' });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const ways = new WaysOut(readPush({ CA_PUSH_OTLP: url, CA_PUSH_REMOTE_WRITE: url }), 'bench', SILENT);
  const next = xorshift(17);
  let spent = 0;
  let scrapes = 0;
  for (let s = 0; s < seconds; s++) {
    const second = now / 1000;
    now += 1000;
    const reports = all.map(({ id }) => ({ fqid: `global;${id}`, lost: 0, value: value(next) }));
    aggregator.receive({ node: 'node', second, duration: 1, sent: now, reports }, 1000);
    aggregator.tick();
    const began = process.cpuUsage();
    ways.tick(aggregator.all, now);
    if (s % SCRAPE_EVERY === 0) {
      const scrape = process.cpuUsage();
      JSON.stringify(toFamilyJson(ways.families(0)));
      scrapes += cpuMs(scrape);
    }
    // Until everything is with the receiver, which is of this process, and so is what it costs.
    for (let i = 0; i < 5; i++) await turn();
    await pause(2);
    spent += cpuMs(began);
  }
  ways.close();
  receiver.close();
  receiver.closeAllConnections();
  const percent = spent / (10 * seconds);
  const times = await queryTimes(aggregator, now);
  return [
    result({
      id: 'ways.export',
      what: `sending on ${INSTRUMENTATIONS} instrumentations, ${KEYS} keys × ${BUCKETS} buckets, by OTLP, remote write and /metrics`,
      value: percent,
      unit: '% of a core',
      targets: [{ of: 'value', atMost: 3 }],
    }),
    result({
      id: 'ways.scrape',
      what: 'of which scrapes, one every 15 s',
      value: scrapes / (10 * seconds),
      unit: '% of a core',
    }),
    result({
      id: 'ways.query',
      what: `query_range of ${QUERY_SECONDS} s of one instrumentation, sum(…), p99`,
      value: times[Math.floor(times.length * 0.99)] ?? NaN,
      unit: 'ms',
      targets: [{ of: 'value', atMost: 20 }],
    }),
  ];
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function instrumentation(id: number, crtime: number): Instrumentation {
  return {
    id: String(id),
    module: 'disk',
    stat: 'physio_ops',
    predicate: { kind: 'always' },
    decomposition: ['disk', 'latency'],
    fields: { disk: 'string', latency: 'time' },
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 0,
    persistData: false,
    enabled: true,
    export: { prometheus: {}, push: {} },
    crtime,
  };
}

function value(next: () => number): {
  shape: 'keyed-distribution';
  distributions: Map<string, readonly number[]>;
} {
  const distributions = new Map(
    Array.from({ length: KEYS }, (_, k) => [`key${k}`, humps(next, BUCKETS)] as const),
  );
  return { shape: 'keyed-distribution', distributions };
}

/** Milliseconds in an aggregator, ascending. */
async function queryTimes(aggregator: Aggregator, now: number): Promise<number[]> {
  const context: Context = {
    aggregator,
    clock: { now: () => now, everySecond: () => () => undefined },
    renderer: INLINE,
    transformations: [],
    pictures: cacheOfBytes(1e6, () => 1000),
    held: new AnswerBudget({ answerBytes: 1e12, allBytes: 1e12 }),
  };
  const [route] = promqlRoutes(context);
  const json = {
    want: 'answer',
    query: 'sum(ca_disk_physio_ops_latency_seconds{id="1"})',
    matches: [],
    instant: false,
    timeoutMs: 10_000,
    numbers: 600_000,
    times: { start: now - 1000 * (QUERY_SECONDS - 1), step: 1000, count: QUERY_SECONDS },
    instrumentations: ['global;1'],
  };
  const times: number[] = [];
  for (let i = 0; i < 130; i++) {
    const began = performance.now();
    const request = { json, gone: new AbortController().signal, outgoing: new EventEmitter() };
    await route?.handle(request as unknown as Request);
    // The first ones are compiled.
    if (i >= 30) times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b);
}
