import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { buildFolder } from './stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const PROGRAM = join(buildFolder(), 'tools', 'stack', 'shared-broker.js');

test('ended by a signal it ends its command and its broker, and leaves no folder', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ca-shared-test-'));
  const started = join(home, 'started');
  const command = `require('fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)`;
  const shared = spawn(process.execPath, [PROGRAM, process.execPath, '-e', command, started], {
    env: { ...process.env, TMPDIR: home },
    stdio: 'ignore',
  });
  const over = new Promise((resolve) => shared.once('close', resolve));
  await until('the command', 90_000, () =>
    existsSync(started) && readFileSync(started, 'utf8') !== '' ? true : undefined,
  );
  const pid = Number(readFileSync(started, 'utf8'));
  expect(readdirSync(home)).toHaveLength(2);
  shared.kill('SIGTERM');
  await over;
  const goesOn = existsSync(`/proc/${pid}`);
  if (goesOn) process.kill(pid);
  expect(goesOn).toBe(false);
  expect(readdirSync(home)).toEqual(['started']);
  rmSync(home, { recursive: true, force: true });
});
