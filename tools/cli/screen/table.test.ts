/* Tables and untrusted text: nothing is wider than the screen, and nothing moves the cursor. */
import fc from 'fast-check';
import { nearest } from '../../../common/model/nearest';
import { table } from './table';
import { cut, fit, visible, widthOf } from './visible';

const COLUMNS = [
  { title: 'ID', align: 'right' as const },
  { title: 'NAME', least: 4 },
  { title: 'WHERE', least: 5 },
];

test('columns that may give way do so, the widest first', () => {
  const rows = [
    ['1', 'mysqld', 'latency > 10ms && execname == "mysqld"'],
    ['12', 'a', ''],
  ];
  expect(table(COLUMNS, rows, 80)).toEqual([
    'ID  NAME    WHERE',
    ' 1  mysqld  latency > 10ms && execname == "mysqld"',
    '12  a',
  ]);
  expect(table(COLUMNS, rows, 30)).toEqual(['ID  NAME    WHERE', ' 1  mysqld  latency > 10ms &&…', '12  a']);
  expect(table(COLUMNS, rows, 15)).toEqual(['ID  NAME  WHERE', ' 1  mys…  late…', '12  a']);
});

test('no line of a table is wider than the screen, whatever the text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constant('7'), text, text), { maxLength: 5 }),
      fc.integer({ min: 20, max: 200 }),
      (rows, width) => {
        for (const line of table(COLUMNS, rows, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
      },
    ),
    { seed: 4 },
  );
});

test('a process called like an escape sequence is shown, not obeyed', () => {
  expect(visible('\x1b[2J\x07evil\u202etxt')).toBe('\\x1b[2J\\x07evil\\u202etxt');
  expect(visible('日本 ünïcode')).toBe('日本 ünïcode');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (s) => {
      expect(visible(s)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }),
    { seed: 5 },
  );
});

test('wide characters count twice when text is cut and filled', () => {
  expect(widthOf('日本')).toBe(4);
  expect(cut('日本語です', 5)).toBe('日本…');
  expect(fit('日本', 6)).toBe('日本  ');
  expect(fit('ab', 4, 'right')).toBe('  ab');
});

test.each([
  ['sumary', 'summary'],
  ['lsit', 'list'],
  ['wach', 'watch'],
  ['--wher', '--where'],
  ['zzz', undefined],
])('"%s" was probably meant to be %s', (word, meant) => {
  expect(nearest(word, ['summary', 'list', 'watch', 'status', '--where', '--by'])).toBe(meant);
});
