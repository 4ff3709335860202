/*
 * `node shared-broker.js COMMAND …`: runs a command with a private RabbitMQ that its tests share, named by
 * CA_TEST_BROKER; ends with its status. A broker takes 5 s of a processor to start, more than all else in most tests.
 * Each test stack has a prefix of its own there; tests that trace, kill or count a broker start their own.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../common/service/errors';
import { brokerInstalled, startBroker, type PrivateBroker } from './broker';
import { onReasonToEnd } from './reasons-to-end';
import { startGuard } from './process';

async function main([file = '', ...args]: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-shared-broker-'));
  const guard = startGuard();
  let broker: PrivateBroker | undefined;
  let ended = false;
  let child: ChildProcess | undefined;
  // A signal to us is meant for the command: it must not go on without its broker, and our folder must be removed.
  onReasonToEnd(() => {
    ended = true;
    child?.kill('SIGTERM');
  });
  try {
    // Without one the tests themselves say what is missing.
    if (brokerInstalled()) broker = await startBroker(folder, guard);
    const env = { ...process.env, ...(broker === undefined ? {} : { CA_TEST_BROKER: broker.url }) };
    if (ended) return 1;
    const running = spawn(file, args, { stdio: 'inherit', env });
    child = running;
    return await new Promise((resolve, reject) => {
      running.once('error', reject);
      running.once('close', (status) => {
        resolve(status ?? 1);
      });
    });
  } finally {
    await broker?.stop();
    await guard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
