/*
 * A fleet from the command line. In: flags (below), CA_AMQP_URL and CA_AMQP_PREFIX as for all services.
 * Out: one line of JSON each second with what was sent; ends at SIGINT or SIGTERM.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/service/errors';
import { brokerUrl, readSettings } from '../../common/service/settings';
import { startFleet } from './fleet';

const USAGE = `usage: node build/tools/fleet/main.js --nodes N [--first N] [--seed N] [--buckets N] [--keys N]
  [--skew MS] [--jitter MS] [--loss SHARE] [--restart-every SECONDS] [--metrics a.b,c.d] [--per-connection N]
Simulates N nodes (sim0, sim1, …) that offer the metrics (all of them unless named) and answer every question with
values of --keys keys and --buckets buckets.`;

const FLAGS = {
  nodes: { type: 'string' },
  first: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  buckets: { type: 'string', default: '40' },
  keys: { type: 'string', default: '5' },
  skew: { type: 'string', default: '0' },
  jitter: { type: 'string', default: '0' },
  loss: { type: 'string', default: '0' },
  'restart-every': { type: 'string', default: '0' },
  'per-connection': { type: 'string', default: '100' },
  metrics: { type: 'string' },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: FLAGS });
  const settings = readSettings(process.env);
  const number = (name: Exclude<keyof typeof FLAGS, 'metrics'>): number => {
    const n = Number(values[name]);
    if (!Number.isFinite(n) || n < 0) throw new Error(`--${name} must be a number`);
    return n;
  };
  const fleet = await startFleet({
    url: brokerUrl(settings),
    prefix: settings.amqpPrefix,
    nodes: number('nodes'),
    first: number('first'),
    seed: number('seed'),
    buckets: number('buckets'),
    keys: number('keys'),
    skewMs: number('skew'),
    jitterMs: number('jitter'),
    loss: number('loss'),
    restartEverySeconds: number('restart-every'),
    nodesPerConnection: Math.max(1, number('per-connection')),
    ...(values.metrics === undefined ? {} : { metrics: values.metrics.split(',') }),
  });
  const started = process.cpuUsage();
  const print = setInterval(() => {
    const { user, system } = process.cpuUsage(started);
    const line = { ...fleet.counts(), lagMs: fleet.lagMs, cpuMs: Math.round((user + system) / 1000) };
    console.log(JSON.stringify(line));
  }, 1000);
  // The parent process may ask when the reports of a second were sent.
  process.on('message', (second: unknown) => {
    if (typeof second === 'number') process.send?.({ second, left: fleet.left(second) });
  });
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    clearInterval(print);
    setTimeout(() => process.exit(1), 5000).unref();
    void fleet.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
  process.on('disconnect', end); // the parent process has exited
}

main().catch((error: unknown) => {
  console.error(`fleet: ${messageOf(error)}\n${USAGE}`);
  process.exitCode = 2;
});
