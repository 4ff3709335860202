/*
 * All measurements, in order: those that need nothing, those that need a broker, those that need the whole stack.
 * In: long or short, which ones, a budget of time. Out: results, one by one; a part that fails, hangs or has no time left
 * is a row that says so. Every process started is ended, also then.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../common/service/errors';
import { startBroker, type PrivateBroker } from '../stack/broker';
import { startGuard } from '../stack/process';
import { startTestStack, type TestStack } from '../testing/test-stack';
import type { Source } from '../../services/instrumenter/sources/source';
import { inOwnProcess } from './own-process';
import type { Budget } from './budget';
import { measureDoors } from './doors';
import { measureFootprint } from './footprint';
import { measureGrowth, type Size } from './growth';
import { bpfHere, measureEnabling, measureTracing, measureUserEnabling } from './host';
import { measureLatency } from './latency';
import { unmeasured, type Result } from './result';

export interface Plan {
  readonly short: boolean;
  /** Names of parts; all when empty. */
  readonly only: readonly string[];
  /** Of growth, instead of the usual. */
  readonly sizes?: readonly Size[] | undefined;
  readonly budget: Budget;
  readonly say: (line: string) => void;
  readonly add: (results: readonly Result[]) => void;
}

export const PARTS = [
  'merge',
  'memory',
  'heatmap',
  'ways-out',
  'delay',
  'host',
  'ingest',
  'latency',
  'footprint',
  'doors',
  'growth',
] as const;
type Part = (typeof PARTS)[number];

/** In this order: what may be too much for a machine comes last, so that nothing is measured in its wake. */
const LONG_SIZES: readonly Size[] = [
  ...[10, 100].flatMap((nodes) =>
    [1, 10, 100].map((instrumentations) => ({ nodes, instrumentations, seconds: 3 })),
  ),
  { nodes: 1000, instrumentations: 1, seconds: 3 },
  { nodes: 1000, instrumentations: 10, seconds: 3 },
  { nodes: 1000, instrumentations: 20, seconds: 120, judged: true },
  { nodes: 10_000, instrumentations: 1, seconds: 120, judged: true },
  { nodes: 1000, instrumentations: 100, seconds: 3 },
];
const SHORT_SIZES: readonly Size[] = [{ nodes: 100, instrumentations: 10, seconds: 3 }];

/** At the end so much is kept for stopping what runs and writing the table. */
const END_MS = 6000;
/** No part may take the time of all others. */
const LONGEST_PART_MS = { long: 90_000, short: 15_000 };

export async function measure(plan: Plan): Promise<void> {
  const { short } = plan;
  const { part } = new Parts(plan);
  for (const name of ['merge', 'memory', 'heatmap', 'ways-out', 'delay'] as const) {
    await part(name, (limitMs) => inOwnProcess({ part: name, short }, limitMs));
  }
  if (!PARTS.slice(5).some((name) => wants(plan, name))) return;
  const source = bpfHere();
  await part('host', async () => [
    ...(await measureTracing(traced(source), short ? 1 : 4, short ? 400_000 : 1_000_000)),
    ...(await measureEnabling(traced(source), short ? 20 : 200)),
    ...(await measureUserEnabling(traced(source), short ? 10 : 100)),
  ]);
  if (typeof source !== 'string') await source.close();
  await withBroker(plan, ['ingest', 'latency', 'footprint', 'doors', 'growth'], async (broker) => {
    await part('ingest', (limitMs) => inOwnProcess({ part: 'ingest', short, url: broker.url }, limitMs));
    const real = { hosts: ['bench-node'], prefix: 'traced' };
    await withStack(plan, ['latency', 'footprint'], broker, real, async (stack) => {
      traced(source);
      await part('latency', () => measureLatency(stack, short ? 40 : 250));
      await part('footprint', () => measureFootprint(stack));
    });
    const simulated = { hosts: [], prefix: 'simulated' };
    await withStack(plan, ['doors', 'growth'], broker, simulated, async (stack) => {
      const around = { stack, broker, prefix: simulated.prefix };
      await part('doors', () => measureDoors(around, short ? 5 : 28, short ? 3 : 10));
      if (wants(plan, 'growth')) {
        const usual = short ? SHORT_SIZES : LONG_SIZES;
        await measureGrowth(around, plan.sizes ?? usual, plan);
      }
    });
  });
}

/** What traces this machine's kernel cannot be measured where it cannot be traced. */
function traced(source: Source | string): Source {
  if (typeof source === 'string') throw new Error(source);
  return source;
}

/** Nothing of these is a ratio: the short form could not judge them. */
const LONG_ONLY: readonly Part[] = ['ways-out', 'delay', 'footprint'];

function wants({ only, short }: Plan, name: Part): boolean {
  return (only.length === 0 || only.includes(name)) && !(short && LONG_ONLY.includes(name));
}

class Parts {
  private readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  readonly part = async (
    name: Part,
    work: (limitMs: number) => Result[] | Promise<Result[]>,
  ): Promise<void> => {
    const { budget, say, add, short } = this.plan;
    if (!wants(this.plan, name)) return;
    say(`${name} …`);
    try {
      const left = budget.left - END_MS;
      if (left <= 0) throw new Error('no time was left');
      const limitMs = Math.min(left, LONGEST_PART_MS[short ? 'short' : 'long']);
      add(await budget.within(limitMs, () => work(limitMs)));
    } catch (error) {
      const reason = messageOf(error);
      say(`${name}: ${reason}`);
      add([unmeasured(name, name, reason)]);
    }
  };
}

/** Surroundings that cannot be had are a failure of all that is to be measured in them. */
async function surrounded(plan: Plan, parts: readonly Part[], work: () => Promise<void>): Promise<void> {
  const wanted = parts.filter((name) => wants(plan, name));
  if (wanted.length === 0) return;
  try {
    if (plan.budget.left < END_MS) throw new Error('no time was left');
    await work();
  } catch (error) {
    const reason = messageOf(error);
    plan.say(`${wanted.join(', ')}: ${reason}`);
    plan.add(wanted.map((name) => unmeasured(name, name, reason)));
  }
}

/** One broker for all: starting one takes 6 s. */
function withBroker(
  plan: Plan,
  parts: readonly Part[],
  work: (broker: PrivateBroker) => Promise<void>,
): Promise<void> {
  return surrounded(plan, parts, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-bench-'));
    const guard = startGuard();
    try {
      const broker = await startBroker(folder, guard);
      try {
        await work(broker);
      } finally {
        await broker.stop();
      }
    } finally {
      await guard.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function withStack(
  plan: Plan,
  parts: readonly Part[],
  broker: PrivateBroker,
  options: { hosts: readonly string[]; prefix: string },
  work: (stack: TestStack) => Promise<void>,
): Promise<void> {
  return surrounded(plan, parts, async () => {
    const stack = await startTestStack({ ...options, amqpUrl: broker.url, aggregators: 2 });
    try {
      await work(stack);
    } finally {
      await stack.stop();
    }
  });
}
