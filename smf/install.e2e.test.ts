import { BAD_SETTING_STATUS } from '../common/service/cannot-start';
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'ca-install-'));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** With a umask of 0: nothing that root runs may be writable by others. */
function install(system: string): string {
  const destination = join(root, system);
  const run = spawnSync('sh', ['-c', `umask 000; exec '${join(__dirname, 'install.sh')}'`], {
    cwd: ROOT,
    env: { ...process.env, DESTDIR: destination, CA_SYSTEM: system },
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
  return destination;
}

/** Once for each system: it copies several thousand files. */
function installed(system: string): string {
  const destination = join(root, system);
  return existsSync(destination) ? destination : install(system);
}

/** Our paths in a manifest, unit or method. */
function pathsIn(text: string): string[] {
  return [...new Set(text.match(/\/opt\/cloud-analytics\/[\w./@-]*/g) ?? [])].map((path) =>
    path.replace(/\.$/, ''),
  );
}

test.each(['Linux', 'SunOS'])('on %s nothing that is installed can be written by others', (system) => {
  const find = spawnSync('find', [installed(system), '-perm', '/022', '!', '-type', 'l'], {
    encoding: 'utf8',
  });
  expect(find.stdout.split('\n').filter((path) => path.includes('cloud-analytics'))).toEqual([]);
});

test.each(['Linux', 'SunOS'])(
  'on %s every path that the installed files name is there, and what is run can be run',
  (system) => {
    const destination = installed(system);
    const folder =
      system === 'Linux' ? 'usr/lib/systemd/system' : 'lib/svc/manifest/application/cloud-analytics';
    const files = readdirSync(join(destination, folder)).filter((file) => !file.endsWith('.socket'));
    expect(files).toHaveLength(3);
    for (const file of files) {
      const text = readFileSync(join(destination, folder, file), 'utf8');
      const paths = pathsIn(text);
      expect(paths).toContain('/opt/cloud-analytics/method/run');
      for (const path of paths)
        expect([file, path, existsSync(join(destination, path))]).toEqual([file, path, true]);
      const [, command = '', service = ''] = /(\/opt\S+\/run) (\w+)/.exec(text) ?? [];
      accessSync(join(destination, command), constants.X_OK);
      expect(existsSync(join(destination, `opt/cloud-analytics/build/services/${service}/main.js`))).toBe(
        true,
      );
    }
    expect(statSync(join(destination, 'opt/cloud-analytics/etc/environment')).mode & 0o077).toBe(0);
  },
  60_000,
);

test('an installed service starts by its method, with the settings of its machine, and says what it misses', () => {
  const destination = installed('Linux');
  const run = spawnSync(join(destination, 'opt/cloud-analytics/method/run'), ['instrumenter'], {
    env: { PATH: process.env['PATH'] ?? '', CA_NODE: process.execPath },
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(run.stderr).toContain('CA_AMQP_URL');
  expect(run.stderr).not.toContain('Cannot find module');
  expect(run.status).toBe(BAD_SETTING_STATUS);
}, 60_000);

test('installing again keeps the settings that were made', () => {
  const file = join(installed('Linux'), 'opt/cloud-analytics/etc/environment');
  const before = readFileSync(file, 'utf8');
  spawnSync('sh', ['-c', 'echo CA_HOST=kept >> "$1"', 'sh', file]);
  install('Linux');
  expect(readFileSync(file, 'utf8')).toBe(`${before}CA_HOST=kept\n`);
}, 60_000);
