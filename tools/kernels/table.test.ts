import { MARK, reportIn, type Report } from './report';
import { complaintsOf, notesOf, resultOf, textOf } from './table';

const PASSED: Report[] = [
  { kind: 'begun', release: '6.1.0-57-amd64' },
  { kind: 'tried', metric: 'fs.syncs', state: 'ok', detail: 'hostname' },
  { kind: 'tried', metric: 'unix.signals', state: 'ok', detail: 'hostname' },
  { kind: 'tried', metric: 'python.functions', state: 'unavailable', detail: 'no Python is installed' },
  { kind: 'counted', metric: 'fs.syncs', state: 'right' },
  { kind: 'verified', programs: 60, refused: [] },
  { kind: 'loaded', enabled: 40, seconds: 12, failures: [] },
  { kind: 'ended' },
];

test('a kernel that passed is a column: counted, accepted, or why not', () => {
  expect(complaintsOf(PASSED)).toEqual([]);
  const text = textOf({ '6.1': resultOf(PASSED, 61.4), '5.10': resultOf(PASSED.slice(0, 3), 10) });
  expect(text).toContain('| metric | 5.10 | 6.1 |');
  expect(text).toContain('| fs.syncs | accepted | counted |');
  expect(text).toContain('| python.functions |  | unavailable (1) |');
  expect(text).toContain('1. no Python is installed');
  expect(text).toContain('| boot and run | 10 s | 61 s |');
  expect(notesOf(text)).toBe('');
  expect(notesOf(`${text}\n## By hand\n\nwords\n`)).toBe('\n## By hand\n\nwords\n');
});

test('whatever is refused, counted wrongly, or fails under load is a complaint', () => {
  expect(
    complaintsOf([
      { kind: 'tried', metric: 'a.b', state: 'failed', detail: 'EINVAL' },
      { kind: 'counted', metric: 'c.d', state: 'wrong', detail: '9 of 10' },
      { kind: 'verified', programs: 2, refused: ['e.f: R1 invalid'] },
      { kind: 'loaded', enabled: 1, seconds: 1, failures: ['ENOMEM'] },
      { kind: 'failed', reason: 'no BTF' },
    ]),
  ).toEqual([
    'a.b is refused: EINVAL',
    'c.d is counted wrongly: 9 of 10',
    'the verifier refuses e.f: R1 invalid',
    'under load: ENOMEM',
    'no BTF',
  ]);
});

test('reports are told from the kernel’s own words, also in the same line; broken ones are none', () => {
  expect(reportIn(`[   12.3] random: crng ${MARK}{"kind":"alive"}`)).toEqual({ kind: 'alive' });
  expect(reportIn('[   12.3] watchdog: BUG: soft lockup')).toBeUndefined();
  expect(reportIn(`${MARK}{"kind":"al[  12.3] x`)).toBeUndefined();
});
