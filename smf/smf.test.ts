import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MANIFESTS = readdirSync(__dirname).filter((name) => name.endsWith('.xml'));
const UNITS = readdirSync(join(__dirname, 'systemd')).filter((name) => name.endsWith('.service'));
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const when = (program: string): { readonly run: jest.It; readonly why: string } =>
  has(program) ? { run: test, why: '' } : { run: test.skip, why: ` (skipped: there is no ${program})` };

const xmllint = when('xmllint');
const analyze = when('systemd-analyze');
const read = (name: string): string => readFileSync(join(__dirname, name), 'utf8');

test('there is a manifest and a unit for each service', () => {
  expect(MANIFESTS).toEqual(['aggregator.xml', 'config.xml', 'instrumenter.xml']);
  expect(UNITS.map((unit) => unit.replace(/^cloud-analytics-(\w+)@?\.service$/, '$1.xml'))).toEqual(
    MANIFESTS,
  );
});

xmllint.run.each(MANIFESTS)(`%s is valid by the DTD of SMF manifests${xmllint.why}`, (name) => {
  const result = validate(join(__dirname, name));
  expect(result).toBe('');
});

xmllint.run(`what is not a manifest is not valid by it${xmllint.why}`, () => {
  const text = read('config.xml').replace('type="method" name="start"', 'kind="method" name="start"');
  const result = spawnSync(
    'xmllint',
    ['--noout', '--nonet', '--dtdvalid', join(__dirname, 'service_bundle.dtd'), '-'],
    {
      input: text.replace(/<!DOCTYPE[^>]*>/, ''),
      encoding: 'utf8',
    },
  );
  expect(result.status).not.toBe(0);
  expect(result.stderr).toContain('kind');
});

function validate(file: string): string {
  const text = readFileSync(file, 'utf8').replace(/<!DOCTYPE[^>]*>/, '');
  const run = spawnSync(
    'xmllint',
    ['--noout', '--nonet', '--dtdvalid', join(__dirname, 'service_bundle.dtd'), '-'],
    {
      input: text,
      encoding: 'utf8',
    },
  );
  return run.stderr;
}

analyze.run.each(UNITS)(`%s is understood by systemd, word for word${analyze.why}`, (name) => {
  const said = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', join(__dirname, 'systemd', name.replace('@', '@0'))],
    {
      encoding: 'utf8',
    },
  ).stderr;
  // Whether the program is there is known after an install (install.e2e.test.ts).
  const ours = said
    .split('\n')
    .filter((line) => line.includes('cloud-analytics') && !line.includes('is not executable'));
  expect(ours).toEqual([]);
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

test('methods are shell that a shell understands', () => {
  for (const method of readdirSync(join(__dirname, 'method'))) {
    expect(() => execFileSync('sh', ['-n', join(__dirname, 'method', method)])).not.toThrow();
  }
});
