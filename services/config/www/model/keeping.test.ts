import { dyingText, keepChoices, keptText } from './keeping.ts';

const kept = (change: object = {}) => ({
  granularity: 1,
  'retention-time': 600,
  'idle-max': 3600,
  ...change,
});

test('how long it is kept reads as a sentence', () => {
  expect(keptText(kept())).toBe('keeps 10 min; deleted after 1 h without anybody looking');
  expect(keptText(kept({ 'idle-max': 0, 'persist-data': true }))).toBe(
    'keeps 10 min, also on disk; stays until it is deleted',
  );
});

test('two aggregators are said, and can be chosen and left', () => {
  expect(keptText(kept({ replicas: 2, 'idle-max': 0 }))).toBe(
    'keeps 10 min, in two aggregators; stays until it is deleted',
  );
  expect(keepChoices(kept()).map(([, change]) => change)).toContainEqual({ replicas: 2 });
  expect(keepChoices(kept({ replicas: 2 })).map(([, change]) => change)).toContainEqual({ replicas: 1 });
});

test.each([
  [3600, 3600, ''],
  [3600, 601, ''],
  [3600, 240, 'Deleted in 4 min: nobody looks at it.'],
  [3600, 20, 'Deleted in less than a minute: nobody looks at it.'],
  [60, 20, ''],
  [0, undefined, ''],
])('of %d s idle time with %s s left it says %j', (idle, left, text) => {
  expect(dyingText(kept({ 'idle-max': idle, 'idle-left': left }))).toBe(text);
});

test('choices are what the service can do, and not what holds already', () => {
  const texts = keepChoices(kept()).map(([text]) => text);
  expect(texts).toEqual([
    'Keep values for 1 h',
    'Keep values on disk too, over restarts',
    'Keep values in two aggregators: one may fail',
    'Never delete it by itself',
    'Delete it after a week without anybody looking',
  ]);
  const slow = keepChoices(kept({ granularity: 60, 'retention-time': 3600, 'idle-max': 0 }));
  expect(slow.map(([, change]) => change)).toContainEqual({ 'retention-time': 60 * 3600 });
  for (const [, change] of slow)
    expect((change as Record<string, number>)['retention-time'] ?? 0).toBeLessThanOrEqual(60 * 3600);
});
