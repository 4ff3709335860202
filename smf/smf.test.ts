import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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

test('services of different users have folders of their own: systemd gives a folder to one user, with all that is in it', () => {
  const folders = UNITS.map((name) => {
    const unit = read(`systemd/${name}`);
    const [user, folder, home] = ['User', 'StateDirectory', 'Environment=CA_HOME'].map(
      (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1],
    );
    expect(home).toBe(`/var/lib/${folder}`);
    expect(unit).toContain('\nStateDirectoryMode=0700\n');
    return [folder, user] as const;
  });
  const users = new Map(folders);
  for (const [folder, user] of folders) expect(users.get(folder)).toBe(user);
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
