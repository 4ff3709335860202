import fc from 'fast-check';
import { normalForm } from './normal-form';

test.each([
  ['a number', 'SELECT * FROM orders WHERE id = 4711', 'select * from orders where id = ?'],
  ['a fraction, a power, a hexadecimal', 'select 1.5, .5e-3, 0xFF, 1_000 from t', 'select ?, ?, ?, ? from t'],
  ['a number in a name', 'select a1, t2.c3 from t2', 'select a1, t2.c3 from t2'],
  ['a sign', 'select x from t where y = -5 and z > +3', 'select x from t where y = ? and z > ?'],
  ['a difference', 'select a-5, a - 5 from t', 'select a-?, a - ? from t'],
  ['a text', "select 'it''s' from t where n = 'x'", 'select ? from t where n = ?'],
  [
    'a text with a backslash, which is no escape',
    String.raw`select 'a\', b, 'c' from t`,
    'select ?, b, ? from t',
  ],
  ['a text with escapes', String.raw`select E'a\'b', e'c\\' from t`, 'select ?, ? from t'],
  ['texts of other kinds', `select B'101', X'1f', N'a', U&'\\0061' from t`, 'select ?, ?, ?, ? from t'],
  ['a text in two parts', "select 'a'\n  'b' from t", 'select ? from t'],
  ['a text in dollars', "select $$it's$$, $tag$ $$ 'x' $tag$ from t", 'select ?, ? from t'],
  ['a dollar within a name', 'select a$b$c from t', 'select a$b$c from t'],
  ['parameters', 'select * from t where a = $1 and b = $12', 'select * from t where a = ? and b = ?'],
  [
    'a quoted name',
    'select "Max ""1""" from "T 1" where "a" = 1',
    'select "Max ""1""" from "T 1" where "a" = ?',
  ],
  ['a comment', "select 1 -- 'secret' 42\nfrom t", 'select ? from t'],
  ['comments in comments', "select /* a /* 'b' */ 7 */ x from t", 'select x from t'],
  ['a hint in front', '/* app=shop, id=7 */ select x', 'select x'],
  ['white space', '  select\n\tx\r\n  from t ;', 'select x from t'],
  ['a list', 'select * from t where id in (1, 2,3)', 'select * from t where id in (?)'],
  ['rows', "insert into t values (1, 'a'), (2, 'b')", 'insert into t values (?)'],
  ['a cast', "select '2020-01-01'::date, date '2020-01-01'", 'select ?::date, date ?'],
  [
    'operators of JSON',
    "select d->>'k', d#>'{a}' from t where d @> '{}'",
    'select d->>?, d#>? from t where d @> ?',
  ],
  ['nothing', '', ''],
])('%s', (_what, statement, normal) => {
  expect(normalForm(statement)).toBe(normal);
});

test.each([
  ["select x from t where n = 'secr", 'select x from t where n = ?'],
  [String.raw`select x from t where n = E'secret\ `.trim(), 'select x from t where n = ?'],
  ['select x from t where n = $tag$secr', 'select x from t where n = ?'],
  ['select x from t where n = $ta', 'select x from t where n = ?'],
  ['select x from t where n = 12', 'select x from t where n = ?'],
  ['select x /* secr', 'select x'],
  ['select x -- secr', 'select x'],
  ['select x from "Na', 'select x from "Na'],
])('of a statement that is cut within %s no part of a literal is left', (statement, normal) => {
  expect(normalForm(statement)).toBe(normal);
});

const quoted = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.string({ maxLength: 20 }).map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  fc.string({ maxLength: 20 }).map((text) => `$q$${text.replaceAll('$', '')}$q$`),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

test('statements that differ in literals alone have one normal form', () => {
  fc.assert(
    fc.property(quoted, quoted, fc.array(quoted, { minLength: 1, maxLength: 5 }), (a, b, list) => {
      const statement = `SELECT x FROM t WHERE a = ${a} AND b <> ${b} AND c IN (${list.join(',')}) ORDER BY d`;
      expect(normalForm(statement)).toBe('select x from t where a = ? and b <> ? and c in (?) order by d');
    }),
    { seed: 20_261_130 },
  );
});

test('wherever a statement is cut, its literals stay out', () => {
  const statement = `select a from t where b = 'QQQQ' and c = E'\\'QQ' and d = $x$QQQ$x$ /* QQ */ and e = '''QQ'`;
  for (let end = 0; end <= statement.length; end++) {
    expect(normalForm(statement.slice(0, end))).not.toMatch(/Q/i);
  }
});

test('any text has a normal form, which is its own, in time that grows with its length', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 300, unit: fc.constantFrom(...`'"$/*-eE\\ax1.? (),\n;`.split('')) }),
      (text) => {
        const once = normalForm(text);
        expect(normalForm(once).length).toBeLessThanOrEqual(once.length);
      },
    ),
    { seed: 20_261_130, numRuns: 500 },
  );
  // CPU time: others may have the machine meanwhile. Where the time grew with the square it would be minutes.
  const began = process.cpuUsage();
  for (const part of ["'", '/*', '$a$', '-', "E'\\", '(', '?,', '1e', '(?),'])
    normalForm(part.repeat(20_000));
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
});
