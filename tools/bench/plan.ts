/*
 * All measurements, in order: those that need nothing, those that need a broker, those that need the whole stack.
 * In: long or short, which ones. Out: results; every process started is ended, also when a measurement fails.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../common/errors';
import { startBroker, type PrivateBroker } from '../stack/broker';
import { startGuard } from '../stack/process';
import { startTestStack, type TestStack } from '../stack/test_stack';
import { measureDoors } from './doors';
import { measureFootprint } from './footprint';
import { measureGrowth, type Size } from './growth';
import { measureHeatmaps } from './heatmap';
import { bpfHere, measureEnabling, measureTracing } from './host';
import { measureIngest } from './ingest';
import { measureLatency } from './latency';
import { measureMemory } from './memory';
import { measureMerge } from './merge';
import type { Result } from './result';

export interface Plan {
  readonly short: boolean;
  /** Names of parts; all when empty. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
}

export const PARTS = [
  'merge',
  'memory',
  'heatmap',
  'ingest',
  'host',
  'latency',
  'doors',
  'footprint',
  'growth',
] as const;
type Part = (typeof PARTS)[number];

/** In this order: what may be too much for a machine comes last, so that nothing is measured in its wake. */
const LONG_SIZES: readonly Size[] = [
  ...[10, 100].flatMap((nodes) =>
    [1, 10, 100].map((instrumentations) => ({ nodes, instrumentations, seconds: 6 })),
  ),
  { nodes: 1000, instrumentations: 1, seconds: 6 },
  { nodes: 1000, instrumentations: 10, seconds: 6 },
  { nodes: 1000, instrumentations: 20, seconds: 120, judged: true },
  { nodes: 10_000, instrumentations: 1, seconds: 120, judged: true },
  { nodes: 1000, instrumentations: 100, seconds: 6 },
];
const SHORT_SIZES: readonly Size[] = [{ nodes: 100, instrumentations: 10, seconds: 5 }];

/** A part that fails is told and counted; the others are measured all the same. */
export async function measure({ short, only, say }: Plan): Promise<{ results: Result[]; failed: Part[] }> {
  const results: Result[] = [];
  const failed: Part[] = [];
  const wants = (...parts: Part[]): boolean => only.length === 0 || parts.some((name) => only.includes(name));
  const part = async (name: Part, work: () => Result[] | Promise<Result[]>): Promise<void> => {
    if (!wants(name)) return;
    say(`${name} …`);
    try {
      results.push(...(await work()));
    } catch (error) {
      failed.push(name);
      say(`${name} failed: ${messageOf(error)}`);
    }
  };
  await part('merge', () => measureMerge(short ? 1 : 4));
  await part('memory', measureMemory);
  await part('heatmap', () => measureHeatmaps(short ? 3 : 15));
  const kernel = await measureKernel(part, wants, short, say);
  if (!wants('ingest', 'latency', 'doors', 'footprint', 'growth')) return { results, failed };
  await withBroker(async (broker) => {
    await part('ingest', () => measureIngest(broker.url, short ? 2 : 5, short ? 20 : 60));
    if (kernel && wants('latency', 'footprint')) {
      await withStack(broker, { hosts: ['bench-node'], prefix: 'traced' }, async (stack) => {
        await part('latency', () => measureLatency(stack, short ? 40 : 250));
        if (!short) await part('footprint', () => measureFootprint(stack));
      });
    }
    if (!wants('doors', 'growth')) return;
    await withStack(broker, { hosts: [], prefix: 'simulated' }, async (stack) => {
      const around = { stack, broker, prefix: 'simulated' };
      await part('doors', () => measureDoors(around, short ? 6 : 40));
      await part('growth', () => measureGrowth(around, short ? SHORT_SIZES : LONG_SIZES, say));
    });
  });
  return { results, failed };
}

/** False where this machine's kernel cannot be traced: what needs that is left out, and said. */
async function measureKernel(
  part: (name: Part, work: () => Promise<Result[]>) => Promise<void>,
  wants: (...parts: Part[]) => boolean,
  short: boolean,
  say: (line: string) => void,
): Promise<boolean> {
  if (!wants('host', 'latency', 'footprint')) return false;
  const source = bpfHere();
  if (typeof source === 'string') {
    say(`left out: whatever traces this machine's kernel: ${source}`);
    return false;
  }
  await part('host', async () => [
    ...(await measureTracing(source, short ? 1 : 4)),
    ...(await measureEnabling(source, short ? 20 : 200)),
  ]);
  await source.close();
  return true;
}

/** One broker for all: starting one takes 6 s. */
async function withBroker(work: (broker: PrivateBroker) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-bench-'));
  const guard = startGuard();
  const broker = await startBroker(folder, guard);
  try {
    await work(broker);
  } finally {
    await broker.stop();
    guard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withStack(
  broker: PrivateBroker,
  options: { hosts: readonly string[]; prefix: string },
  work: (stack: TestStack) => Promise<void>,
): Promise<void> {
  const stack = await startTestStack({ ...options, amqpUrl: broker.url, aggregators: 2 });
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}
