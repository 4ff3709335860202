import { summarize, type JestReport } from './report';

const report = (
  file: string,
  tests: readonly (readonly [string, string])[],
  status = 'passed',
): JestReport => ({
  testResults: [
    { name: file, status, assertionResults: tests.map(([state, fullName]) => ({ status: state, fullName })) },
  ],
});
const same = (file: string): string => file;

test('failures come first with their file, then reasons of what was skipped, then the sums of all reports', () => {
  const unit = report('a.test.ts', [
    ['passed', 'one'],
    ['failed', 'two'],
  ]);
  const e2e = report('b.test.ts', [
    ['pending', 'kernels (skipped: it needs root) count'],
    ['pending', 'kernels (skipped: it needs root) add'],
    ['pending', 'silent'],
    ['passed', 'three'],
  ]);
  const { lines, ok } = summarize([unit, e2e], same);
  expect(lines).toEqual([
    'failed: a.test.ts: two',
    'skipped 2: it needs root',
    'skipped 1: no reason given (b.test.ts)',
    '2 passed, 1 failed, 3 skipped',
  ]);
  expect(ok).toBe(false);
});

test('a file that does not load counts as a failure', () => {
  const { lines, ok } = summarize(
    [report('a.test.ts', [['passed', 'x']]), report('c.test.ts', [], 'failed')],
    same,
  );
  expect(lines).toEqual(['failed: c.test.ts: the file itself', '1 passed, 1 failed, 0 skipped']);
  expect(ok).toBe(false);
});

test('no tests at all are no success', () => {
  expect(summarize([], same).ok).toBe(false);
  expect(summarize([report('a.test.ts', [['passed', 'x']])], same).ok).toBe(true);
});
