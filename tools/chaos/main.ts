/*
 * make chaos: lets faults loose on a whole system for a while, heals everything, and balances the books. In: seconds and
 * a seed. Out: a line for each fault; the last line says whether every value that a node made is accounted for, and so
 * does the exit status. Next: plan.ts (what breaks when), faults.ts, system.ts, ledger.ts (the oracle's book).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/errors';
import { totalOf, type Shape } from '../../common/value';
import { ask } from '../../services/instrumenter/fakes';
import { syntheticValue } from '../../services/instrumenter/sources/synthetic/source';
import { buildFolder } from '../stack/stack';
import { until } from '../stack/until';
import { Amounts } from './amounts';
import { Faults } from './faults';
import { Ledger, type Balance, type Reading } from './ledger';
import { describeFault, plan } from './plan';
import { everybody, startSystem, type System } from './system';

const USAGE = 'usage: node build/tools/chaos/main.js [--duration SECONDS] [--seed N] [--keep]';
const FLAGS = {
  duration: { type: 'string', default: '600' },
  seed: { type: 'string' },
  /** Leaves the state folder, logs included. */
  keep: { type: 'boolean', default: false },
} as const;

const REAL_NODE = 'real';
const FLEETS = [3, 2];
const NODES = FLEETS.reduce((sum, n) => sum + n);
const NAMES = Array.from({ length: NODES }, (_, i) => `sim${i}`);

/** Of the simulated nodes: each shape, twice, so that all aggregators have some; and one with longer reports. */
const QUESTIONS: readonly { shape: Shape; decomposition: readonly string[]; granularity: number }[] = [
  { shape: 'number', decomposition: [], granularity: 1 },
  { shape: 'keyed', decomposition: ['execname'], granularity: 1 },
  { shape: 'distribution', decomposition: ['latency'], granularity: 1 },
  { shape: 'number', decomposition: [], granularity: 1 },
  { shape: 'keyed', decomposition: ['execname'], granularity: 1 },
  { shape: 'distribution', decomposition: ['latency'], granularity: 1 },
  { shape: 'keyed', decomposition: ['execname'], granularity: 5 },
];
const METRIC = { module: 'syscall', stat: 'syscalls' };
const REAL_METRIC = { module: 'disk', stat: 'physio_ops' };

/** Start, faults, recovery and end together take no longer than the faults and this; then something hangs. */
const SPARE_MS = 300_000;
const RECOVERY_LIMIT_MS = 120_000;
/** The books are closed when nothing has changed for so long; what is asked for again comes within 8 s. */
const QUIET_MS = 12_000;
const WATCH_EVERY_MS = 2000;
/** Points of one request. */
const POINTS = 60;

interface Question {
  readonly fqid: string;
  readonly uri: string;
  readonly shape: Shape;
  readonly granularity: number;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: FLAGS });
  const durationMs = 1000 * Number(values.duration);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  if (!Number.isInteger(seed) || !(durationMs >= 10_000 && durationMs <= 3_600_000)) {
    process.stderr.write(`${USAGE}\nSECONDS must be 10 to 3600.\n`);
    process.exit(2);
  }
  say(`chaos for ${values.duration} s with seed ${seed}`);
  setTimeout(() => {
    say('balances: no, it hangs');
    process.exit(1);
  }, durationMs + SPARE_MS).unref();

  const folder = join(buildFolder(), 'chaos');
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(folder, 'run-'));
  const ledger = new Ledger();
  const amounts = new Amounts(seed, NAMES);
  let making = true;
  const system = await startSystem({
    home,
    seed,
    aggregators: 2,
    fleets: FLEETS,
    realNode: REAL_NODE,
    say,
    fleet: {
      foretold: amounts,
      metrics: [`${METRIC.module}.${METRIC.stat}`],
      made: (node, { second, duration, report: { fqid } }) => {
        if (making) ledger.make({ fqid, node, second, amount: amounts.amount(node, second, duration) });
      },
      gaveUp: (node, { second, report: { fqid } }) => {
        ledger.giveUp(fqid, node, second);
      },
    },
  });
  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => (ending ??= system.stop());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(1)));
  }
  try {
    const retention = Math.ceil((durationMs + SPARE_MS) / 1000);
    const questions: Question[] = [];
    for (const { decomposition, granularity, shape } of QUESTIONS) {
      const predicate = { ne: ['hostname', REAL_NODE] };
      const body = {
        ...METRIC,
        decomposition,
        granularity,
        predicate,
        'retention-time': retention,
        'idle-max': 0,
      };
      questions.push({ ...(await create(system, body)), shape, granularity });
    }
    const real = {
      ...(await create(system, { ...REAL_METRIC, 'retention-time': retention, 'idle-max': 0 })),
    };
    await until('values of all nodes', 30_000, () =>
      ledger.size > 2 * NODES * QUESTIONS.length ? true : undefined,
    );
    const began = Math.floor(Date.now() / 1000);

    const lies = new Set<string>();
    let watched = 0;
    const watching = watch(system, questions, amounts, (reading) => {
      watched++;
      for (const lie of ledger.lies(reading)) lies.add(lie);
    });
    const faults = await breakThings(system, seed, durationMs);
    await watching.stop();

    const healed = Date.now();
    await until('everybody being back', RECOVERY_LIMIT_MS, () => everybody(system, NODES + 1), 500);
    say(`everybody is back ${((Date.now() - healed) / 1000).toFixed(1)} s after the last fault`);
    making = false;
    const balance = await settle(system, questions, amounts, ledger);
    const odd = await oddReal(system, real, seed, began, Math.floor(Date.now() / 1000) - 5);
    return report({ seed, faults, balance, lies, watched, odd, made: ledger.size });
  } finally {
    await stop();
    if (!values.keep) rmSync(home, { recursive: true, force: true });
    else say(`logs are in ${join(home, 'log')}`);
  }
}

async function create(system: System, body: Record<string, unknown>): Promise<{ fqid: string; uri: string }> {
  const { status, body: made } = await system.ask('POST', '/ca/instrumentations', body);
  if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(made)}`);
  const { uri, id } = made as { uri: string; id: string };
  return { fqid: `global;${id}`, uri };
}

/** Resolves to how many faults there were, when the last one is over. */
async function breakThings(system: System, seed: number, durationMs: number): Promise<number> {
  const started = Date.now();
  const tell = (line: string): void => {
    say(`[${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  };
  const faults = new Faults(system, tell);
  const links = [...system.proxies.keys()];
  const running: Promise<void>[] = [];
  for (const { at, fault } of plan(seed, durationMs, { links, services: [...system.services.keys()] })) {
    await pause(Math.max(0, started + at - Date.now()));
    tell(describeFault(fault));
    running.push(faults.happen(fault));
  }
  await Promise.all(running);
  await pause(Math.max(0, started + durationMs - Date.now()));
  return faults.done;
}

/** Reads the newest seconds now and then, as a page does. What cannot be read is not a lie. */
function watch(
  system: System,
  questions: readonly Question[],
  amounts: Amounts,
  each: (reading: Reading) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const question = questions[turn % questions.length];
      const now = Math.floor(Date.now() / 1000);
      if (question !== undefined) {
        const readings = await read(system, question, amounts, now - 30, 25).catch(() => []);
        readings.forEach(each);
      }
      await pause(WATCH_EVERY_MS);
    }
  };
  const running = loop();
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

interface Raw {
  readonly value: unknown;
  readonly start_time: number;
  readonly completeness: readonly { expected: number; reporting: number; late: number }[];
}

async function read(
  system: System,
  { fqid, uri, shape, granularity }: Question,
  amounts: Amounts,
  start: number,
  points: number,
): Promise<Reading[]> {
  const from = Math.floor(start / granularity) * granularity;
  const query = `start_time=${from}&duration=${granularity}&ndatapoints=${points}&timeout=0`;
  const { status, body } = await system.ask('GET', `${uri}/value/raw?${query}`);
  if (status !== 200) throw new Error(`${uri}: ${status} ${JSON.stringify(body)}`);
  return (body as Raw[]).map(({ value, start_time: second, completeness }) => {
    const { expected = 0, reporting = 0, late = 0 } = completeness[0] ?? {};
    return { fqid, second, amounts: amounts.takeApart(shape, value), expected, reporting, late };
  });
}

/** Reads everything again until it does not change any more. */
async function settle(
  system: System,
  questions: readonly Question[],
  amounts: Amounts,
  ledger: Ledger,
): Promise<Balance> {
  let last = '';
  let since = Date.now();
  return until(
    'the last values',
    RECOVERY_LIMIT_MS,
    async () => {
      const readings: Reading[] = [];
      for (const question of questions) {
        const { first, last: end } = ledger.span(question.fqid);
        for (let start = first; start <= end; start += POINTS * question.granularity) {
          const points = Math.min(POINTS, Math.floor((end - start) / question.granularity) + 1);
          readings.push(...(await read(system, question, amounts, start, points)));
        }
      }
      const balance = ledger.balance(readings);
      const now = JSON.stringify(balance.counts);
      if (now !== last) [last, since] = [now, Date.now()];
      return Date.now() - since > QUIET_MS ? balance : undefined;
    },
    1000,
  );
}

/** The real instrumenter's values are known beforehand too; each second must hold that, or say that nobody reported. */
async function oddReal(
  system: System,
  { uri }: { uri: string },
  seed: number,
  from: number,
  to: number,
): Promise<string[]> {
  const question = ask(`${REAL_METRIC.module}.${REAL_METRIC.stat}`);
  const odd: string[] = [];
  for (let start = from; start < to; start += POINTS) {
    const query = `start_time=${start}&duration=1&ndatapoints=${Math.min(POINTS, to - start)}&timeout=0`;
    const { body } = await system.ask('GET', `${uri}/value/raw?${query}`);
    for (const { value, start_time: second, completeness } of body as Raw[]) {
      const right = totalOf(syntheticValue(question, second, { seed, node: REAL_NODE }));
      const reporting = completeness[0]?.reporting ?? 0;
      if (value === (reporting === 0 ? 0 : right)) continue;
      odd.push(
        `wrong: second ${second} of ${REAL_NODE} is ${String(value)}, not ${right}; ${reporting} reported`,
      );
    }
  }
  return odd;
}

interface Outcome {
  readonly seed: number;
  readonly faults: number;
  readonly made: number;
  readonly balance: Balance;
  readonly lies: ReadonlySet<string>;
  readonly watched: number;
  readonly odd: readonly string[];
}

function report({ seed, faults, made, balance, lies, watched, odd }: Outcome): boolean {
  const defects = new Set([...balance.defects, ...lies, ...odd]);
  for (const defect of [...defects].slice(0, 40)) say(defect);
  if (defects.size > 40) say(`… and ${defects.size - 40} more`);
  const { present, late, missing, givenUp, silent, doubled, wrong, unread } = balance.counts;
  const balances = defects.size === 0 && balance.balances && made > 0;
  say(
    `${made} values made: ${present} present, ${late} in seconds with late ones, ${missing} reported missing, ` +
      `${givenUp} given up and counted; ${silent} silently lost, ${doubled} doubled, ${wrong} wrong, ${unread} unread; ` +
      `${watched} seconds watched meanwhile`,
  );
  say(`balances: ${balances ? 'yes' : 'no'} (${faults} faults, seed ${seed})`);
  return balances;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (balances) => process.exit(balances ? 0 : 1),
  (error: unknown) => {
    say(`balances: no, ${messageOf(error)}`);
    process.exit(1);
  },
);
