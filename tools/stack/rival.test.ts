/* A second machine with a name that another has: known centrally, with services that have a user of the broker each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { buildFolder } from './stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({ ownBroker: true, sharedUser: false, sources: ['self'] });
}, 90_000);
afterAll(() => stack.stop());

test('a second node of a name ends, and the config service says which machine it is on', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ca-rival-'));
  const second = spawn(process.execPath, [join(buildFolder(), 'services/instrumenter/main.js')], {
    env: {
      ...process.env,
      CA_AMQP_URL: stack.urlOf({ role: 'node', host: 'node-a' }),
      CA_AMQP_PREFIX: stack.prefix,
      CA_HOST: 'node-a',
      CA_HOME: home,
      CA_SOURCES: 'self',
    },
    stdio: 'ignore',
  });
  const ended = once(second, 'exit');
  try {
    const rivals = await until('the config service knowing of it', 60_000, async () => {
      const { rivals: told = [] } = await stack.get<{ rivals?: { key: string; machine: string }[] }>(
        '/ca/admin/status',
      );
      return told.length > 0 ? told : undefined;
    });
    expect(rivals).toMatchObject([{ host: 'node-a', machine: hostname(), times: 1 }]);
    expect(await ended).toEqual([1, null]);
    const { instrumenters } = await stack.get<{ instrumenters: { host: string }[] }>('/ca/admin/status');
    expect(instrumenters.map(({ host }) => host)).toEqual(['node-a']);
  } finally {
    second.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  }
}, 90_000);
