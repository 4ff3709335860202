import { keyText } from '../../model/key-text.ts';
import { inOrder, matchingKeys, toggled } from './legend.ts';

test('a click selects one, a second click none, shift adds and takes away', () => {
  expect(toggled([], 'a', false)).toEqual(['a']);
  expect(toggled(['a'], 'a', false)).toEqual([]);
  expect(toggled(['a', 'b'], 'a', false)).toEqual(['a']);
  expect(toggled(['a'], 'b', true)).toEqual(['a', 'b']);
  expect(toggled(['a', 'b'], 'a', true)).toEqual(['b']);
});

test('ten thousand keys are searched within a frame', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => [`/srv/data/file-${i}.log`, i] as const);
  matchingKeys(keys, 'warm up');
  const start = performance.now();
  const found = matchingKeys(keys, 'DATA 99.log');
  // 16 ms, times what a busy machine may add.
  expect(performance.now() - start).toBeLessThan(1000);
  expect(found.map(([key]) => key)).toContain('/srv/data/file-9999.log'.replace('9999', '99'));
});

test('every word must be found, in any order', () => {
  const keys = [
    ['postgres: writer', 1],
    ['postgres: reader', 2],
  ] as const;
  expect(matchingKeys(keys, 'wri postgres')).toEqual([['postgres: writer', 1]]);
  expect(matchingKeys(keys, '  ')).toBe(keys);
});

test('keys that would look like nothing, or like layout, are made visible', () => {
  expect(keyText('')).toBe('(empty)');
  expect(keyText('a\nb')).toBe('a\\u000ab');
  expect(keyText('\u202Eevil')).toBe('\\u202eevil');
  expect(keyText('größe')).toBe('größe');
});

test('under the pointer keys keep their places, newcomers come after them', () => {
  const keys = [
    ['c', 9],
    ['a', 8],
    ['d', 7],
    ['b', 6],
  ] as const;
  expect(inOrder(keys, ['a', 'b', 'gone', 'c']).map(([key]) => key)).toEqual(['a', 'b', 'c', 'd']);
  expect(inOrder(keys, [])).toEqual(keys);
});
