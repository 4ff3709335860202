/*
 * Simulated nodes beside a running stack, in a separate process. In: how many. Out: a handle, once all are known.
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
/** The newest second may still be in transit: one that ended this long ago is requested. */
const LATE_SECONDS = 3;

export interface Nodes {
  readonly pid: number;
  /** When their reports of a second were sent; undefined when that is no longer known. */
  left(second: number): Promise<Left | undefined>;
  /** Resolves when the config service has seen all of them leave. */
  stop(): Promise<void>;
}

/** A stack without nodes of its own, and its broker. */
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

/** Resolves when a second of an instrumentation has reports of this many nodes, late ones included. */
export async function allReport(stack: TestStack, uri: string, nodes: number): Promise<void> {
  await until(`${nodes} nodes reporting for ${uri}`, READY_LIMIT_MS, async () => {
    const second = Math.floor(Date.now() / 1000) - LATE_SECONDS;
    const value = `${uri}/value/raw?start_time=${second}&duration=1&timeout=0`;
    const { minreporting } = await stack.get<{ minreporting: number }>(value);
    return minreporting === nodes ? true : undefined;
  });
}
