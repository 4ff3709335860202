import type { Instrumentation } from './answers.ts';
import { clocksText, diskText, standingText, WHY_LOST, whyLost } from './standing.ts';

const of = (more: Partial<Instrumentation>): string => standingText(more as Instrumentation);

test('when every node counts there is nothing to say', () => {
  expect(of({ state: { enabled: 3, enabling: 0, failed: 0 } })).toBe('');
  expect(of({})).toBe('');
});

test('nobody to count is said', () => {
  expect(of({ state: { enabled: 0 } })).toBe('No node is online to count this.');
});

test('a failure comes with the reason and the node that gave it', () => {
  expect(
    of({
      state: { enabled: 2, failed: 1, unsupported: 1 },
      nodes: [
        { node: 'a', state: 'enabled' },
        { node: 'b', state: 'failed', reason: 'the verifier refused the program.' },
      ],
    }),
  ).toBe(
    '2 of 4 nodes counting; 1 node failed: the verifier refused the program (b); 1 node cannot measure this.',
  );
});

test('getting ready is not an error', () => {
  expect(of({ state: { enabling: 1 } })).toBe('0 of 1 node counting; 1 node getting ready.');
});

test('clocks that are off are told, with what is done about it', () => {
  expect(clocksText(undefined)).toBeUndefined();
  const worst = { node: 'db-1', offset_ms: 4210, shifted_seconds: -4 };
  expect(clocksText({ nodes: 2, worst })).toEqual([
    '2 clocks off',
    'db-1 is 4.2 s ahead; its values are moved by 4 seconds to where they belong.',
  ]);
  expect(clocksText({ nodes: 1, worst: { offset_ms: -900, shifted_seconds: 1 } })).toEqual([
    '1 clock off',
    'A node is 0.9 s behind; its values are moved by 1 second to where they belong.',
  ]);
  expect(clocksText({ nodes: 1, set: 1, worst: { ...worst, offset_ms: -5000, shifted_seconds: 5 } })).toEqual(
    [
      '1 clock was set',
      'db-1 is 5.0 s behind now; what it counted in seconds that were skipped or repeated is lost.',
    ],
  );
});

test('a disk that refuses, or was damaged, is told, with what it means', () => {
  expect(diskText(undefined)).toBeUndefined();
  const well = { written: true, read: true, damaged_bytes: 0 };
  expect(diskText({ ...well, written: false, reason: 'ENOSPC' })).toEqual([
    'not on disk',
    'The disk refuses values (ENOSPC); they stay in memory, and are lost if that ends before it is mended.',
  ]);
  expect(diskText({ ...well, damaged_bytes: 512 })?.[1]).toBe(
    '512 bytes on disk were damaged; the seconds in it read as missing.',
  );
  expect(diskText({ ...well, read: false, reason: 'EIO' })?.[1]).toBe(
    'The disk could not be read (EIO); the seconds in it read as missing.',
  );
});

test('why events are lost is what a node has counted of it; of what no node tells, what may be', () => {
  const reason = 'within 60 s events were lost: 7, because more than 16384 calls were under way at once';
  expect(whyLost(undefined)).toBe(WHY_LOST);
  expect(whyLost([{ node: 'a', state: 'enabled', reason: '1 of 2 files are not watched' }])).toBe(WHY_LOST);
  const losing = ['b', 'c', 'd'].map((node) => ({ node, state: 'enabled' as const, reason }));
  expect(whyLost([{ node: 'a', state: 'enabled' }, ...losing.slice(0, 1)])).toBe(`${reason} (b)`);
  expect(whyLost(losing)).toBe(`${reason} (b, and 2 more)`);
});
