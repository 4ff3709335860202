/*
 * A system under the oracle: simulated nodes whose every value is in the ledger, questions to all of them, and
 * readers. In: a seed. Out: a system to inject faults into; settle() returns the verdict on every value. Used by make chaos
 * and by the tests of single failures.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { totalOf, type Shape } from '../../common/model/value';
import { ask } from '../../services/instrumenter/testing/fakes';
import { syntheticValue } from '../../services/instrumenter/sources/synthetic/source';
import { buildFolder } from '../stack/stack';
import { until } from '../testing/until';
import { Amounts } from './amounts';
import { Ledger, type Balance, type Reading } from './ledger';
import { everybody, startSystem, type System, type SystemOptions } from './system';

export const REAL_NODE = 'real';
/** Another node that a test starts: no question concerns it. */
export const FOREIGN_NODE = 'doomed';
const FLEETS = [3, 2];
const NODES = FLEETS.reduce((sum, n) => sum + n);
const NAMES = Array.from({ length: NODES }, (_, i) => `sim${i}`);

interface Asked {
  readonly shape: Shape;
  readonly decomposition: readonly string[];
  readonly granularity: number;
  /** With persist-data: after an aggregator was killed its values come back from disk. */
  readonly persist: boolean;
  readonly replicas?: number;
}

/** Of the simulated nodes: each shape, in memory and on disk, so that all aggregators have some; and one with longer reports. */
const QUESTIONS: readonly Asked[] = [
  { shape: 'number', decomposition: [], granularity: 1, persist: false },
  { shape: 'keyed', decomposition: ['execname'], granularity: 1, persist: true },
  { shape: 'distribution', decomposition: ['latency'], granularity: 1, persist: false },
  { shape: 'number', decomposition: [], granularity: 1, persist: true },
  { shape: 'keyed', decomposition: ['execname'], granularity: 1, persist: false },
  { shape: 'distribution', decomposition: ['latency'], granularity: 1, persist: true },
  { shape: 'keyed', decomposition: ['execname'], granularity: 5, persist: true },
  { shape: 'keyed', decomposition: ['execname'], granularity: 1, persist: false, replicas: 2 },
  { shape: 'number', decomposition: [], granularity: 1, persist: false, replicas: 2 },
];
const OF_SIMULATED = { and: [{ ne: ['hostname', REAL_NODE] }, { ne: ['hostname', FOREIGN_NODE] }] };
const METRIC = { module: 'syscall', stat: 'syscalls' };
const REAL_METRIC = { module: 'disk', stat: 'physio_ops' };

const RECOVERY_LIMIT_MS = 120_000;
/** The ledger is closed when nothing has changed for this long; values requested again arrive within 8 s. */
const QUIET_MS = 12_000;
/** Points of one request. */
const POINTS = 60;

export interface Question {
  readonly fqid: string;
  readonly uri: string;
  readonly shape: Shape;
  readonly granularity: number;
  readonly persist: boolean;
}

export interface Trial {
  readonly system: System;
  readonly ledger: Ledger;
  readonly questions: readonly Question[];
  /** Where the state is, logs included. */
  readonly home: string;
  /** This many points of a question, as a reader gets them through the front door. */
  readonly read: (question: Question, start: number, points: number) => Promise<Reading[]>;
  /** Resolves when all members are back. */
  recovered(): Promise<void>;
  /** The verdicts on every value made until now, after nothing has changed for `quietMs`. */
  settle(quietMs?: number): Promise<Balance>;
  /** Seconds of the real instrumenter that hold neither what they should nor nothing. */
  oddReal(): Promise<string[]>;
  stop(keep?: boolean): Promise<void>;
}

/** Values are kept for `durationMs` plus the time of recovery. */
export async function startTrial(
  seed: number,
  durationMs: number,
  { aggregators = 2, ...more }: Partial<Pick<SystemOptions, 'aggregators' | 'heartbeatS'>> = {},
): Promise<Trial> {
  const folder = join(buildFolder(), 'chaos');
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(folder, 'run-'));
  const ledger = new Ledger();
  const amounts = new Amounts(seed, NAMES);
  const system = await startSystem({
    home,
    seed,
    aggregators,
    fleets: FLEETS,
    realNode: REAL_NODE,
    ...more,
    fleet: {
      foretold: amounts,
      metrics: [`${METRIC.module}.${METRIC.stat}`],
      made: (node, { second, duration, report: { fqid } }) => {
        ledger.make({ fqid, node, second, amount: amounts.amount(node, second, duration) });
      },
      gaveUp: (node, { second, report: { fqid } }) => {
        ledger.giveUp(fqid, node, second);
      },
    },
  });
  let ending: Promise<void> | undefined;
  const stop = (keep = false): Promise<void> =>
    (ending ??= system.stop().then(() => {
      if (!keep) rmSync(home, { recursive: true, force: true });
    }));
  try {
    const common = { 'retention-time': Math.ceil((durationMs + 300_000) / 1000), 'idle-max': 0 };
    const questions: Question[] = [];
    for (const { decomposition, granularity, shape, persist, replicas = 1 } of QUESTIONS) {
      const body = {
        ...METRIC,
        ...common,
        decomposition,
        granularity,
        'persist-data': persist,
        replicas,
        predicate: OF_SIMULATED,
      };
      const question = { ...(await create(system, body)), shape, granularity, persist };
      questions.push(question);
      if (replicas > 1) ledger.replicates(question.fqid);
      if (persist) ledger.keeps(question.fqid, 1000 * granularity);
    }
    const real = await create(system, { ...REAL_METRIC, ...common });
    const enough = 2 * NODES * QUESTIONS.length;
    await until('values of all nodes', 60_000, () => (ledger.size > enough ? true : undefined));
    const began = Math.floor(Date.now() / 1000);
    return {
      system,
      ledger,
      questions,
      home,
      read: (question, start, points) => read(system, question, amounts, start, points),
      recovered: async () => {
        await until('everybody being back', RECOVERY_LIMIT_MS, () => everybody(system, NODES + 1), 500);
      },
      settle: (quietMs = QUIET_MS) => settle(system, questions, amounts, ledger, quietMs),
      oddReal: () => oddReal(system, real, seed, began, Math.floor(Date.now() / 1000) - 5),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function create(system: System, body: Record<string, unknown>): Promise<{ fqid: string; uri: string }> {
  const { status, body: made } = await system.ask('POST', '/ca/instrumentations', body);
  if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(made)}`);
  const { uri, id } = made as { uri: string; id: string };
  return { fqid: `global;${id}`, uri };
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
  quietMs: number,
): Promise<Balance> {
  let last = '';
  let since = Date.now();
  const upTo = Math.floor(since / 1000) - 1;
  return until(
    'the last values',
    RECOVERY_LIMIT_MS,
    async () => {
      const readings: Reading[] = [];
      for (const question of questions) {
        const { first, last: end } = ledger.span(question.fqid, upTo);
        for (let start = first; start <= end; start += POINTS * question.granularity) {
          const points = Math.min(POINTS, Math.floor((end - start) / question.granularity) + 1);
          readings.push(...(await read(system, question, amounts, start, points)));
        }
      }
      const balance = ledger.balance(readings, upTo, new Set(questions.map(({ fqid }) => fqid)));
      const now = JSON.stringify(balance.counts);
      if (now !== last) [last, since] = [now, Date.now()];
      return Date.now() - since >= quietMs ? balance : undefined;
    },
    1000,
  );
}

/** The real instrumenter's values are known in advance too; each second must have them, or report that its node is missing. */
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
