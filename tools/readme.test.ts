import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

const named = [...readme.matchAll(/`((?:common|services|tools|smf|deps|docs|bench)\/[\w./-]+)`/g)].map(
  (m) => m[1] ?? '',
);
const pictures = [...readme.matchAll(/\]\(((?!https?:|#)[^)]+)\)/g)].map((m) => m[1] ?? '');

test('the README names files', () => {
  expect(named.length).toBeGreaterThan(20);
});

test.each([...new Set([...named, ...pictures])])('%s, named in the README, exists', (path) => {
  expect(existsSync(join(ROOT, path))).toBe(true);
});
