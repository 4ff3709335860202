/*
 * A real broker for tests. Out: the one that all tests share (shared-broker.ts), where there is one, else one of their
 * own. On the shared one each test has its own prefix, and none kills, traces or counts.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startBroker } from '../stack/broker';
import { buildFolder, type StackOptions } from '../stack/stack';

/** Where a stack whose state is in `home` finds the shared broker; nothing when there is none: it starts its own. */
export function sharedBroker(home: string): Pick<StackOptions, 'amqpUrl' | 'prefix'> {
  const amqpUrl = process.env['CA_TEST_BROKER'];
  return amqpUrl === undefined ? {} : { amqpUrl, prefix: basename(home) };
}

export interface TestBroker {
  readonly url: string;
  stop(): Promise<void>;
}

/** For tests that need a broker and no stack. */
export async function startTestBroker(): Promise<TestBroker> {
  const url = process.env['CA_TEST_BROKER'];
  if (url !== undefined) return { url, stop: () => Promise.resolve() };
  const parent = join(buildFolder(), 'e2e');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'broker-'));
  const broker = await startBroker(folder);
  return {
    url: broker.url,
    async stop() {
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
