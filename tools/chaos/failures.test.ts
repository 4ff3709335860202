import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import type { Aggregator } from '../../common/http/front-door';
import { readFileSync } from 'node:fs';
import { run, type Running } from '../stack/process';
import { buildFolder } from '../stack/stack';
import { directHeaders } from '../testing/direct';
import { until } from '../testing/until';
import { Faults } from './faults';
import type { Balance } from './ledger';
import { FOREIGN_NODE, REAL_NODE, startTrial, type Trial } from './trial';

/*
 * Failures on one system, one after the other or, if they are independent, at once; then the
 * verdict on every value. Faults last real seconds: heartbeats and time-outs are what is tested.
 */
jest.setTimeout(240_000);

let trial: Trial;
let faults: Faults;
const extra: Running[] = [];

beforeAll(async () => {
  trial = await startTrial(1, 600_000, { heartbeatS: { 'aggregator-0': 2 } });
  faults = new Faults(trial.system, () => undefined);
});
/** Each failure has its own verdict. */
const forget = (): void => {
  trial.ledger.forget(Math.floor(Date.now() / 1000) - 5);
};
beforeEach(forget);
afterAll(async () => {
  for (const one of extra.splice(0)) await one.stop();
  await trial?.stop();
});

/** Nothing lost at all, though some values arrived late. Waits for as long as that may take. */
async function allThere(): Promise<Balance> {
  await trial.recovered();
  return until('every value', 100_000, async () => {
    const balance = await trial.settle(0);
    const { present, late } = balance.counts;
    const all = Object.values(balance.counts).reduce((sum, n) => sum + n);
    if (present + late < all) throw new Error(JSON.stringify([balance.counts, balance.defects.slice(0, 3)]));
    return balance;
  }, 300); // prettier-ignore
}

/** A service that is not restarted. */
async function start(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ running: Running; log: () => string }> {
  const { broker, url } = trial.system;
  const logFile = join(trial.home, 'log', `extra-${Object.values(env).join('-')}-${extra.length}.log`);
  const running = await run({
    file: process.execPath,
    args: [join(buildFolder(), 'services', folder, 'main.js')],
    env: {
      PATH: process.env['PATH'],
      CA_AMQP_URL: broker.url,
      CA_HOME: join(trial.home, 'extra'),
      CA_HOST: 'chaos',
      CA_HTTP_PORT: new URL(url).port,
      ...env,
    },
    logFile,
  });
  extra.push(running);
  return { running, log: () => readFileSync(logFile, 'utf8') };
}

interface Status {
  readonly aggregators: readonly (Aggregator & {
    instance: string;
    instrumentations: number;
    since: number;
  })[];
  readonly instrumenters: readonly { host: string; since: number }[];
  readonly instrumentations: readonly { fqid: string; aggregator: string }[];
}
const status = async (): Promise<Status> =>
  (await trial.system.ask('GET', '/ca/admin/status')).body as Status;

test('broker down for 12 s: after it every second of the gap is there, in its place', async () => {
  const from = Math.floor(Date.now() / 1000);
  await trial.system.broker.kill();
  await pause(10_000);
  await trial.system.broker.start(); // takes 2 s at the very least
  const back = Math.floor(Date.now() / 1000);
  const { counts } = await allThere();
  expect(counts.late).toBeGreaterThan(0);
  const [question] = trial.questions;
  // Later than 2 s after its end is late.
  const seconds = back - 3 - from;
  expect(seconds).toBeGreaterThanOrEqual(8);
  const gap = await trial.read(question!, from + 1, seconds);
  expect(gap.map(({ amounts, late }) => [amounts.size, late > 0])).toEqual(Array(seconds).fill([5, true]));
});

test('memory alarm for 5 s: publishers wait, nothing is lost, nobody is given up', async () => {
  const before = await status();
  await faults.happen({ kind: 'memory alarm', forMs: 5000 });
  await allThere();
  // Questions may move for their load's sake meanwhile; who was given up is known from a later time.
  const known = ({ aggregators, instrumenters }: Status): unknown => [
    aggregators.map(({ instance, since }) => [instance, since]).sort(),
    instrumenters.map(({ host, since }) => [host, since]).sort(),
  ];
  expect(known(await status())).toEqual(known(before));
});

test('the queues of an aggregator, the config service and an instrumenter deleted: each declares its own anew', async () => {
  const targets = ['aggregator-0', 'config', 'instrumenter'];
  await Promise.all(targets.map((target) => faults.happen({ kind: 'delete queue', target })));
  await allThere();
});

test('permissions taken away and given back: everybody comes back, nothing is lost', async () => {
  await faults.happen({ kind: 'permissions', forMs: 3000 });
  await allThere();
});

test('config service killed: values stay readable from the aggregators, nothing is lost or doubled', async () => {
  const { fqid, aggregator } = (await status()).instrumentations[0]!;
  const home = (await status()).aggregators.find(({ instance }) => instance === aggregator)!;
  const headers = directHeaders(trial.home, home);
  // In any order: those with two homes stand where they were completed.
  const ids = (await status()).instrumentations.map((i) => i.fqid).sort();
  await faults.happen({ kind: 'kill', target: 'config' });
  const url = `http://127.0.0.1:${home.httpPort}/ca/instrumentations/${fqid.split(';')[1]!}/value/raw`;
  const direct = (await (await fetch(url, { headers })).json()) as { minreporting: number };
  expect(direct.minreporting).toBeGreaterThan(0);
  await allThere();
  expect((await status()).instrumentations.map((i) => i.fqid).sort()).toEqual(ids);
});

describe('at the same time, to parts that have nothing to do with each other', () => {
  interface Doomed {
    readonly running: Running;
    /** Where its question is read, what it is called, and a second that it had from everybody. */
    readonly uri: string;
    readonly fqid: string;
    readonly second: { readonly start_time: number; readonly value: number };
  }
  const instance = 'chaos-doomed';
  const made: string[] = [];
  /** What becomes of each; the last one is what became of all values. */
  let hole: Promise<void>;
  let moved: Promise<void>;
  let forgotten: Promise<void>;
  let twins: Promise<void>[];
  let lost: Promise<unknown>;

  beforeAll(async () => {
    forget();
    const aggregator = await doomedAggregator();
    const { running: node } = await start('instrumenter', {
      CA_HOST: FOREIGN_NODE,
      CA_SOURCES: 'synthetic',
    });
    await until('the node being there', 30_000, async () => ((await expected()) ? true : undefined));
    hole = faults.happen({ kind: 'black hole', target: 'aggregator-0', amount: 0, forMs: 6000 });
    moved = killed(aggregator);
    forgotten = killedNode(node);
    twins = [
      twin('aggregator', { CA_INSTANCE: '1' }),
      twin('instrumenter', { CA_HOST: REAL_NODE, CA_SOURCES: 'synthetic' }),
    ];
    lost = Promise.allSettled([hole, moved, forgotten, ...twins]).then(async () => {
      for (const one of made) await trial.system.ask('DELETE', one);
      return allThere();
    });
    await Promise.allSettled([lost]);
  });

  async function doomedAggregator(): Promise<Doomed> {
    const { running } = await start('aggregator', { CA_INSTANCE: 'doomed' });
    await until('the aggregator being there', 30_000, async () =>
      (await status()).aggregators.some((a) => a.instance === instance) ? true : undefined,
    );
    const fqid = await until('it having a question', 60_000, async () => {
      const body = {
        module: 'syscall',
        stat: 'syscalls',
        predicate: { ne: ['hostname', REAL_NODE] },
        'idle-max': 0,
      };
      made.push(((await trial.system.ask('POST', '/ca/instrumentations', body)).body as { uri: string }).uri);
      return (await status()).instrumentations.find((i) => i.aggregator === instance)?.fqid;
    });
    const uri = made.find((one) => one.endsWith(`/${fqid.split(';')[1] ?? ''}`)) ?? '';
    const second = await until('values of all', 60_000, async () => {
      const { body } = await trial.system.ask('GET', `${uri}/value/raw`);
      const raw = body as { minreporting: number; start_time: number; value: number };
      return raw.minreporting === 6 ? raw : undefined;
    });
    return { running, uri, fqid, second };
  }

  async function killed({ running, uri, fqid, second }: Doomed): Promise<void> {
    const at = Date.now();
    running.signal('SIGKILL');
    await until('another home', 30_000, async () => {
      const home = (await status()).instrumentations.find((i) => i.fqid === fqid)?.aggregator;
      return home !== instance ? true : undefined;
    });
    console.log(`moved after ${Date.now() - at} ms`);
    await until('its seconds', 60_000, async () => {
      const query = `start_time=${second.start_time}&duration=1&timeout=0`;
      const { body } = await trial.system.ask('GET', `${uri}/value/raw?${query}`);
      return (body as { value: number }).value === second.value ? true : undefined;
    });
  }

  const expected = async (): Promise<boolean> =>
    (await status()).instrumenters.some(({ host }) => host === FOREIGN_NODE);

  async function killedNode(node: Running): Promise<void> {
    node.signal('SIGKILL');
    const at = Date.now();
    await until('it being forgotten', 30_000, async () => ((await expected()) ? undefined : true));
    console.log(`forgotten after ${Date.now() - at} ms`);
  }

  async function twin(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
    const { running, log } = await start(folder, env);
    expect(await running.exited).toBe(1);
    expect(log()).toMatch(/another \S+ is running on this broker; fix: /);
  }

  test('a black hole in front of an aggregator, longer than heartbeats: it comes back by itself, nothing is lost', async () => {
    await hole;
    await lost;
  });

  test('an aggregator killed for good: its questions move within seconds, and nodes tell its last minute again', async () => {
    await moved;
    await lost;
  });

  test('an instrumenter killed: within 15 s it is expected no longer, and nobody else notices', async () => {
    await forgotten;
    await lost;
  });

  test.each(['aggregator', 'instrumenter'])(
    'a second %s of the same name says so and ends, the first goes on',
    async (folder) => {
      await twins[folder === 'aggregator' ? 0 : 1];
      await lost;
    },
  );
});
