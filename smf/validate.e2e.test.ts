import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/* Our manifests and units, checked by the systems' own programs; `make e2e` installs these if it may. */

const MANIFESTS = readdirSync(__dirname).filter((name) => name.endsWith('.xml'));
const UNITS = readdirSync(join(__dirname, 'systemd'));
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const when = (program: string): { readonly run: jest.It; readonly why: string } =>
  has(program) ? { run: test, why: '' } : { run: test.skip, why: ` (skipped: there is no ${program})` };

const xmllint = when('xmllint');
const analyze = when('systemd-analyze');
const read = (name: string): string => readFileSync(join(__dirname, name), 'utf8');

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
  expect(complaints(join(__dirname, 'systemd', name.replace('@', '@0')))).toEqual([]);
});

analyze.run(`a word that systemd does not know is complained about${analyze.why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-units-'));
  try {
    const [unit = ''] = UNITS.filter((name) => name.includes('config'));
    const text = readFileSync(join(__dirname, 'systemd', unit), 'utf8');
    writeFileSync(join(folder, unit), text.replace('NoNewPrivileges=', 'NoNewPriviledges='));
    expect(complaints(join(folder, unit)).join('\n')).toContain('NoNewPriviledges');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Growing pauses came with systemd 254; our units also say what happens on older ones. */
const VERSION = Number(
  /^systemd (\d+)/.exec(spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout)?.[1],
);

/** systemd's check of a unit. Whether its program exists is tested after an install (install.e2e.test.ts). */
function complaints(file: string): string[] {
  const said = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' }).stderr;
  return said
    .split('\n')
    .filter((line) => line.includes('cloud-analytics') && !line.includes('is not executable'))
    .filter((line) => !(VERSION < 254 && /Unknown key '(RestartSteps|RestartMaxDelaySec)'/.test(line)));
}
