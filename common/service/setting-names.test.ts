import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNames } from './setting-names';
import { readSettings } from './settings';

test.each([
  ['CA_SOURCE', 'CA_SOURCES'],
  ['CA_HTTPPORT', 'CA_HTTP_PORT'],
  ['CA_HTTP_PROT', 'CA_HTTP_PORT'],
  ['CA_http_port', 'CA_HTTP_PORT'],
  ['CA_AMPQ_URL', 'CA_AMQP_URL'],
  ['CA_TOKENSS', 'CA_TOKENS'],
  ['CA_PROBE_BUDGT', 'CA_PROBE_BUDGET'],
])('%s is refused: %s is meant', (wrong, meant) => {
  expect(() => checkNames({ [wrong]: '1' })).toThrow(`${wrong} is no setting; did you mean ${meant}?`);
  expect(() => readSettings({ [wrong]: '1' })).toThrow(meant);
});

test('names of certificate authorities and what is near nothing are let pass, and returned', () => {
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

test('every setting that the documents name is known', () => {
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

test('a level that there is not is refused', () => {
  expect(() => readSettings({ CA_LOG_LEVEL: 'loud' })).toThrow(/CA_LOG_LEVEL must be one of trace, debug/);
  expect(readSettings({ CA_LOG_LEVEL: '' }).logLevel).toBe('info');
});
