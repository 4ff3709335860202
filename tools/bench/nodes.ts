/*
 * Simulated nodes beside a running stack, in a process of their own. In: how many. Out: a handle, once all are known.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PrivateBroker } from '../stack/broker';
import type { TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import type { Left } from '../fleet/schedule';

/** The one metric that they offer: a thousand hellos with the whole catalogue would be measured as well. */
export const METRIC = 'syscall.syscalls';
const BUCKETS = 40;
const READY_LIMIT_MS = 60_000;
const ANSWER_MS = 5000;
/** The newest second may still be on its way: one that ended so long ago is asked for. */
const LATE_SECONDS = 3;

export interface Nodes {
  readonly pid: number;
  /** How their reports of a second left; undefined when that is not known any more. */
  left(second: number): Promise<Left | undefined>;
  /** Resolves when the config service has seen them all go. */
  stop(): Promise<void>;
}

/** A stack that has no nodes of its own, and what it runs on. */
export interface Around {
  readonly stack: TestStack;
  readonly broker: PrivateBroker;
  /** Of the stack's routing keys. */
  readonly prefix: string;
}

export async function startNodes(
  { stack, broker, prefix }: Around,
  nodes: number,
  perConnection = 100,
): Promise<Nodes> {
  const flags = ['--nodes', String(nodes), '--buckets', String(BUCKETS), '--metrics', METRIC];
  flags.push('--per-connection', String(perConnection));
  const fleet = fork(join(__dirname, '..', 'fleet', 'main.js'), flags, {
    env: { ...process.env, CA_AMQP_URL: broker.url, CA_AMQP_PREFIX: prefix },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const known = (count: number): Promise<true> =>
    until(`${count} nodes being known`, READY_LIMIT_MS, async () =>
      (await stack.status()).online.instrumenters === count ? true : undefined,
    );
  const stop = async (): Promise<void> => {
    if (fleet.exitCode === null && fleet.signalCode === null) {
      fleet.kill('SIGTERM');
      await once(fleet, 'exit');
    }
  };
  try {
    await known(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: fleet.pid ?? 0,
    left: (second) =>
      new Promise((resolve) => {
        const answered = (message: unknown): void => {
          const answer = message as { second?: number; left?: Left };
          if (answer.second !== second) return;
          fleet.off('message', answered);
          clearTimeout(timer);
          resolve(answer.left);
        };
        const timer = setTimeout(answered, ANSWER_MS, { second });
        fleet.on('message', answered);
        fleet.send(second);
      }),
    async stop() {
      await stop();
      await known(0);
    },
  };
}

/** Resolves when a second of an instrumentation, late reports included, has those of so many nodes. */
export async function allReport(stack: TestStack, uri: string, nodes: number): Promise<void> {
  await until(`${nodes} nodes reporting for ${uri}`, READY_LIMIT_MS, async () => {
    const second = Math.floor(Date.now() / 1000) - LATE_SECONDS;
    const value = `${uri}/value/raw?start_time=${second}&duration=1&timeout=0`;
    const { minreporting } = await stack.get<{ minreporting: number }>(value);
    return minreporting === nodes ? true : undefined;
  });
}
