import { failedFiles, summarize, type JestReport, type Round } from './report';

const report = (
  file: string,
  tests: readonly (readonly [string, string])[],
  status = tests.some(([state]) => state === 'failed') ? 'failed' : 'passed',
): JestReport => ({
  success: status === 'passed',
  testResults: [
    { name: file, status, assertionResults: tests.map(([state, fullName]) => ({ status: state, fullName })) },
  ],
});
const round = (reports: Readonly<Record<string, JestReport>>, rest: Partial<Round> = {}): Round => ({
  name: '',
  reports: new Map(Object.entries(reports)),
  failed: [],
  unsteady: [],
  ...rest,
});
const same = (file: string): string => file;
const PASSED = report('a.test.ts', [['passed', 'x']]);
const FAILED = report('a.test.ts', [['failed', 'x']]);

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
  const { lines, ok } = summarize([round({ 'unit.json': unit, 'e2e.json': e2e })], same);
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
    [round({ 'unit.json': PASSED, 'e2e.json': report('c.test.ts', [], 'failed') })],
    same,
  );
  expect(lines).toEqual(['failed: c.test.ts: the file itself', '1 passed, 1 failed, 0 skipped']);
  expect(ok).toBe(false);
});

test('no tests at all are no success', () => {
  expect(summarize([], same).ok).toBe(false);
  expect(summarize([round({})], same).ok).toBe(false);
  expect(summarize([round({ 'unit.json': PASSED })], same).ok).toBe(true);
});

test('a step that failed without a report is a failure with its command', () => {
  const { lines, ok } = summarize([round({ 'unit.json': PASSED }, { failed: ['make lint'] })], same);
  expect(lines).toEqual(['failed: make lint', '1 passed, 1 failed, 0 skipped']);
  expect(ok).toBe(false);
});

test.each([
  ['was interrupted', { ...PASSED, wasInterrupted: true }],
  ['failed though each of its tests passed', { ...PASSED, success: false }],
])('a run that %s is a failure', (_, half) => {
  const { lines, ok } = summarize([round({ 'unit.json': half })], same);
  expect(lines).toEqual(['failed: unit.json: the run itself', '1 passed, 1 failed, 0 skipped']);
  expect(ok).toBe(false);
});

describe('a second run', () => {
  const mended = round({ 'again-a.json': PASSED, 'unit.json': FAILED });

  test('counts in place of the first, which the last lines name', () => {
    expect(summarize([mended], same)).toEqual({
      lines: ['unsteady: a.test.ts: failed, and passed the second time', '1 passed, 0 failed, 0 skipped'],
      ok: true,
    });
    expect(failedFiles(mended, same)).toEqual([]);
    expect(failedFiles(round({ 'unit.json': FAILED }), same)).toEqual(['a.test.ts']);
  });

  test('that fails is a failure, and nothing else', () => {
    const { lines } = summarize([round({ 'again-a.json': FAILED, 'unit.json': FAILED })], same, 0);
    expect(lines).toEqual(['failed: a.test.ts: x', '0 passed, 1 failed, 0 skipped']);
  });

  test('is allowed as often as the budget says, over all rounds, commands included', () => {
    const rounds = [
      { ...mended, name: 'system' },
      { ...mended, name: 'node24' },
      round({}, { name: 'at-length', unsteady: ['make chaos'] }),
    ];
    expect(summarize(rounds, same, 3).ok).toBe(true);
    const { lines, ok } = summarize(rounds, same, 2);
    expect(lines).toEqual([
      'unsteady: system: a.test.ts: failed, and passed the second time',
      'unsteady: node24: a.test.ts: failed, and passed the second time',
      'unsteady: at-length: make chaos: failed, and passed the second time',
      'failed: 3 unsteady, where at most 2 may be; mend them',
      '2 passed, 1 failed, 0 skipped',
    ]);
    expect(ok).toBe(false);
  });
});
