/*
 * Measurement 5: raw values and images a second through the front door, compared with direct requests to the aggregator and with
 * HAProxy in front of it; and how long one value takes at 500 requests/s. In: a running stack. Out: results.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Aggregator } from '../../common/http/front-door';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts, isOpen } from '../stack/ports';
import { run, startGuard } from '../stack/process';
import type { TestStack } from '../testing/test-stack';
import { directHeaders } from '../testing/direct';
import { until } from '../testing/until';
import { asFastAsPossible, atRate } from './client';
import { allReport, METRIC, startNodes, type Around } from './nodes';
import { result, unmeasured, type Result } from './result';
import { quantiles } from './timing';

const CONNECTIONS = 16;
const RATE = 500;
/** Each way is measured this many times, in turns, and the best turn counts. */
const TURNS = 3;
const NODES = 10;

/** The values are those of simulated nodes: tracing this machine would slow down the measured requests. */
export async function measureDoors(
  around: Around,
  seconds: number,
  pictureSeconds: number,
): Promise<Result[]> {
  const { stack } = around;
  const nodes = await startNodes(around, NODES);
  try {
    const [module, stat] = METRIC.split('.');
    const uri = await stack.create({ module, stat, decomposition: ['latency'] });
    await allReport(stack, uri, NODES);
    await pause(pictureSeconds * 1000);
    const results = await measure(stack, uri, seconds, pictureSeconds);
    await stack.ask('DELETE', uri);
    return results;
  } finally {
    await nodes.stop();
  }
}

async function measure(
  stack: TestStack,
  uri: string,
  seconds: number,
  pictureSeconds: number,
): Promise<Result[]> {
  const aggregators = await stack.status();
  const { httpPort: port, headers } = await ownerOf(stack.home, aggregators.aggregators, uri);
  const proxy = await startHaproxy(stack.home, port, headers);
  const front = new URL(stack.url);
  const doors = {
    front: front.origin,
    direct: `http://127.0.0.1:${port}`,
    ...(proxy === undefined ? {} : { haproxy: `http://127.0.0.1:${proxy.port}` }),
  };
  try {
    const end = Math.floor(Date.now() / 1000) - 1;
    const raw = `${uri}/value/raw?start_time=${end - 1}&duration=1&timeout=0`;
    const image = `${uri}/value/heatmap/image.png?start_time=${end - pictureSeconds}&duration=${pictureSeconds}&timeout=0`;
    const turnMs = (1000 * seconds) / (2 * TURNS * 5 + 2);
    const rates = [];
    for (const [what, path, atLeast] of [
      ['raw values', raw, 0.9],
      ['images', image, 0.8],
    ] as const) {
      // Each connection requests something else; equal requests, which are answered as one, have their own row.
      const own = (connection: number): string => path.replace('timeout=0', `timeout=${connection}`);
      // A door has been open for longer than its code takes to be compiled.
      await asFastAsPossible((connection) => doors.front + own(connection), CONNECTIONS, TURNS * turnMs);
      rates.push(...compare(what, atLeast, await best(doors, own, turnMs, headers)));
      const { direct: _, ...two } = doors;
      rates.push(...compare(`same ${what}`, atLeast, await best(two, () => path, turnMs, headers)));
    }
    const { latencies, failed } = await atRate(doors.front + raw, RATE, 2 * turnMs);
    const what = `raw value through the front door at ${RATE} requests/s`;
    // More than the front door accepts: it refuses requests that it cannot pass on in time.
    if (failed > 0)
      return [...rates, unmeasured('raw', what, `${failed} of ${latencies.length} were refused`)];
    const { p50, p99 } = quantiles(latencies);
    return [
      ...rates,
      result({
        id: 'raw.p50',
        what: `${what}, p50`,
        value: p50,
        unit: 'ms',
        targets: [{ of: 'value', atMost: 1 }],
      }),
      result({
        id: 'raw.p99',
        what: `${what}, p99`,
        value: p99,
        unit: 'ms',
        targets: [{ of: 'value', atMost: 3 }],
      }),
    ];
  } finally {
    await proxy?.stop();
  }
}

type Door = 'front' | 'direct' | 'haproxy';

async function best(
  doors: Partial<Record<Door, string>>,
  path: (connection: number) => string,
  turnMs: number,
  headers: Headers,
): Promise<Partial<Record<Door, number>>> {
  const rates: Partial<Record<Door, number>> = {};
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [door, origin] of Object.entries(doors) as [Door, string][]) {
      const { perSecond, failed } = await asFastAsPossible(
        (connection) => origin + path(connection),
        CONNECTIONS,
        turnMs,
        door === 'direct' ? headers : {},
      );
      if (failed > 0) throw new Error(`${failed} requests to ${origin}${path(0)} failed`);
      rates[door] = Math.max(rates[door] ?? 0, perSecond);
    }
  }
  return rates;
}

function compare(
  what: string,
  atLeast: number,
  { front = NaN, direct, haproxy }: Partial<Record<Door, number>>,
): Result[] {
  const id = what.replaceAll(' ', '.');
  const common = { value: front, unit: '/s' };
  return [
    result({
      ...common,
      id: `${id}.proxied`,
      what: `${what} through the front door`,
      ...(haproxy === undefined
        ? {}
        : {
            reference: { what: 'HAProxy in front of the same aggregator', value: haproxy },
            targets: [{ of: 'ratio' as const, atLeast }],
          }),
    }),
    ...(direct === undefined
      ? []
      : [
          result({
            ...common,
            id: `${id}.direct`,
            what: `${what} through the front door`,
            reference: { what: 'the aggregator asked directly', value: direct },
          }),
        ]),
  ];
}

type Headers = Readonly<Record<string, string>>;

async function ownerOf(
  home: string,
  aggregators: readonly Aggregator[],
  uri: string,
): Promise<{ readonly httpPort: number; readonly headers: Headers }> {
  for (const aggregator of aggregators) {
    const { httpPort } = aggregator;
    const headers = directHeaders(home, aggregator);
    const { ok } = await fetch(`http://127.0.0.1:${httpPort}${uri}/value/raw?timeout=0`, { headers });
    if (ok) return { httpPort, headers };
  }
  throw new Error(`no aggregator has ${uri}`);
}

interface Haproxy {
  readonly port: number;
  stop(): Promise<void>;
}

const PROGRAM = '/usr/sbin/haproxy';

/** undefined where it is not installed. */
async function startHaproxy(
  folder: string,
  aggregator: number,
  headers: Headers,
): Promise<Haproxy | undefined> {
  if (spawnSync(PROGRAM, ['-v']).status !== 0) return undefined;
  const [port = 0] = await freePorts(1);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    [
      'defaults',
      '  mode http',
      '  timeout connect 2s',
      '  timeout client 20s',
      '  timeout server 20s',
      '  http-reuse always',
      'frontend door',
      `  bind 127.0.0.1:${port}`,
      '  default_backend aggregator',
      'backend aggregator',
      ...Object.entries(headers).map(([name, value]) => `  http-request set-header ${name} ${value}`),
      `  server one 127.0.0.1:${aggregator}`,
      '',
    ].join('\n'),
  );
  const logFile = join(folder, 'log', 'haproxy.log');
  const guard = startGuard();
  const running = await run({ file: PROGRAM, args: ['-db', '-f', file], env: process.env, logFile }, guard);
  await until('HAProxy starting', 5000, async () => ((await isOpen(port)) ? true : undefined));
  return {
    port,
    async stop() {
      await running.stop();
      await guard.close();
    },
  };
}
