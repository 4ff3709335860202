import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MANIFESTS = readdirSync(__dirname).filter((name) => name.endsWith('.xml'));
const UNITS = readdirSync(join(__dirname, 'systemd')).filter((name) => name.endsWith('.service'));
const read = (name: string): string => readFileSync(join(__dirname, name), 'utf8');

test('there is a manifest and a unit for each service', () => {
  expect(MANIFESTS).toEqual(['aggregator.xml', 'config.xml', 'instrumenter.xml']);
  expect(UNITS.map((unit) => unit.replace(/^cloud-analytics-(\w+)@?\.service$/, '$1.xml'))).toEqual(
    MANIFESTS,
  );
});

test.each(UNITS)('%s: no new privileges, and capabilities for the instrumenter alone', (name) => {
  const unit = read(`systemd/${name}`);
  expect(unit).toContain('\nNoNewPrivileges=yes\n');
  expect(unit).toContain('\nProtectSystem=strict\n');
  const capabilities = /^AmbientCapabilities=(.*)$/m.exec(unit)?.[1];
  expect(capabilities).toBe(
    name.includes('instrumenter') ? 'CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH' : '',
  );
  expect(/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]).toBe(capabilities);
});

test.each(UNITS)(
  '%s: Node.js may ask for memory protection keys, without which it is killed when it starts',
  (name) => {
    expect(/^SystemCallFilter=(@system-service.*)$/m.exec(read(`systemd/${name}`))?.[1]).toMatch(/ @pkey\b/);
  },
);

test('methods are shell that a shell understands', () => {
  for (const method of readdirSync(join(__dirname, 'method'))) {
    expect(() => execFileSync('sh', ['-n', join(__dirname, 'method', method)])).not.toThrow();
  }
});

test('each service has a user and a folder of its own: systemd gives a folder to one user, with all that is in it', () => {
  const users = UNITS.map((name) => {
    const unit = read(`systemd/${name}`);
    const [user, group, folder, home] = ['User', 'Group', 'StateDirectory', 'Environment=CA_HOME'].map(
      (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1],
    );
    expect([group, folder, home]).toEqual([user, user, `/var/lib/${user}`]);
    expect(unit).toContain('\nStateDirectoryMode=0700\n');
    return user;
  });
  expect(new Set(users).size).toBe(UNITS.length);
  const made = [...read('sysusers.conf').matchAll(/^u +(\S+)/gm)].map(([, user]) => user);
  expect(made.sort()).toEqual(users.sort());
});

test('settings are read as they stand, never as shell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-settings-'));
  try {
    const lines = [
      'CA_A=a&b;$(touch x) `touch x`',
      'CA_B="with blanks"',
      "CA_C='x'",
      '# CA_D=1',
      'bad name=1',
      'CA_E=p=q',
      'CA_F=',
    ];
    writeFileSync(join(folder, 'environment'), lines.join('\n'));
    const script = `HOME_OF_CA=${__dirname}; . ${__dirname}/method/settings; read_settings ./environment; env | grep ^CA_[A-F]= | sort`;
    expect(
      execFileSync('sh', ['-euc', script], { cwd: folder, encoding: 'utf8' }).trim().split('\n'),
    ).toEqual(['CA_A=a&b;$(touch x) `touch x`', 'CA_B=with blanks', 'CA_C=x', 'CA_E=p=q', 'CA_F=']);
    expect(readdirSync(folder)).toEqual(['environment']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('each service may have settings of its own, which come last', () => {
  for (const name of UNITS) {
    const service = /^cloud-analytics-(\w+)/.exec(name)?.[1] ?? '';
    const files = [...read(`systemd/${name}`).matchAll(/^EnvironmentFile=-(.*)$/gm)].map(([, file]) => file);
    expect(files).toEqual([
      '/opt/cloud-analytics/etc/environment',
      `/opt/cloud-analytics/etc/${service}.environment`,
    ]);
  }
});
