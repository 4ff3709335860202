import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSlip } from '../model/nearest';
import { checkNames, ignoredSettings, SETTING_NAMES } from './setting-names';
import { readSettings } from './settings';

test.each([
  ['CA_SOURCE', 'CA_SOURCES'],
  ['CA_HTTPPORT', 'CA_HTTP_PORT'],
  ['CA_HTTP_PROT', 'CA_HTTP_PORT'],
  ['CA_http_port', 'CA_HTTP_PORT'],
  ['CA_AMPQ_URL', 'CA_AMQP_URL'],
  ['CA_TOKENSS', 'CA_TOKENS'],
  ['CA_PROBE_BUDGT', 'CA_PROBE_BUDGET'],
])('%s is refused: it suggests %s', (wrong, meant) => {
  expect(() => checkNames({ [wrong]: '1' })).toThrow(`${wrong} is no setting; did you mean ${meant}?`);
  expect(() => readSettings({ [wrong]: '1' })).toThrow(meant);
});

test('names of certificate authorities, and names near no setting, are allowed and returned', () => {
  const env = {
    CA_CERT: 'x',
    CA_BUNDLE: 'x',
    CA_SOMETHING_ELSE: 'x',
    PATH: 'x',
    CANADA: 'x',
    CA_BIND: undefined,
  };
  expect(checkNames(env)).toEqual(['CA_CERT', 'CA_BUNDLE', 'CA_SOMETHING_ELSE']);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`CA_ZZZZZZZZZ${i}`, 'x']));
  expect(checkNames(many)).toHaveLength(5);
});

test.each([
  'CA_AGGREGATOR_DISK',
  'CA_AMQP_TLS',
  'CA_PROBE_LIMIT',
  'CA_BINDING',
  'CA_HOSTGROUP',
  'CA_LOG_FORMAT',
])('%s, which a newer release may have, does not keep a service from starting', (name) => {
  expect(checkNames({ [name]: '1' })).toEqual([name]);
  expect(() => readSettings({ [name]: '1' })).not.toThrow();
});

test('ignored settings are reported, with a suggestion', () => {
  expect(ignoredSettings({ CA_PROBE_BUGDETT: '1', CA_CERT: 'x', CA_SOMETHING_ELSE: 'x' })).toEqual([
    'CA_PROBE_BUGDETT, no setting of this release has this name; did you mean CA_PROBE_BUDGET?',
    'CA_CERT, no setting of this release has this name',
    'CA_SOMETHING_ELSE, no setting of this release has this name',
  ]);
});

/** Exceptions: an older release without one of a pair would refuse it, but these exist since the first release. */
const NEAR = ['CUSTOMER CUSTOMERS', 'TOKEN TOKENS'];

test('no setting is one edit from another: a release without it would take it for a misspelling', () => {
  const near = SETTING_NAMES.flatMap((one) =>
    SETTING_NAMES.filter((other) => one < other && isSlip(one, other)).map((other) => `${one} ${other}`),
  );
  expect(near.sort()).toEqual(NEAR);
});

test('every setting in the documentation is known', () => {
  const root = join(__dirname, '..', '..');
  const files = execFileSync('find', [join(root, 'README.md'), join(root, 'docs'), '-name', '*.md'], {
    encoding: 'utf8',
  });
  const named = files
    .trim()
    .split('\n')
    .flatMap((file) => readFileSync(file, 'utf8').match(/\bCA_[A-Z][A-Z0-9_]*[A-Z0-9]\b/g) ?? []);
  expect(new Set(named).size).toBeGreaterThan(30);
  expect(checkNames(Object.fromEntries([...new Set(named)].map((name) => [name, 'x'])))).toEqual([]);
});

/** Set by units and methods, and by `join`; of the synthetic source; of tools and tests. */
const ELSEWHERE = `
  HOME INSTANCE NODE JOIN_TOKEN SEED URL TOKEN CONFIG CONTEXT CUSTOMER CHROMIUM DEBIAN_MIRROR ERLANG SYSTEM FUZZ_RUNS FUZZ_SEED TEST_BROKER
  TEST_ENABLING_SECONDS DOOR_SECONDS WRITE_DOCS MACHINES
`
  .trim()
  .split(/\s+/);

test('the settings files of the packages have every setting of a service, and no others', () => {
  const folder = join(__dirname, '..', '..', 'deploy', 'debian', 'conf');
  const named = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^#CA_(\w+)=/gm)].map(([, name = '']) => name),
  );
  const expected = SETTING_NAMES.filter((name) => !ELSEWHERE.includes(name));
  expect([...new Set(named)].sort()).toEqual([...expected].sort());
});

test('an unknown log level is refused', () => {
  expect(() => readSettings({ CA_LOG_LEVEL: 'loud' })).toThrow(/CA_LOG_LEVEL must be one of trace, debug/);
  expect(readSettings({ CA_LOG_LEVEL: '' }).logLevel).toBe('info');
});
