import fc from 'fast-check';
import { MYSQL, NONE, POSTGRESQL, tableOf, UNKNOWN } from './sql-table';

const BYTES = 240;
const mysql = tableOf(MYSQL, BYTES);
const postgresql = tableOf(POSTGRESQL, BYTES);

test.each([
  ['select * from orders where id = 7', 'orders'],
  ['SELECT a, (SELECT max(b) FROM inner_one) FROM outer_one', 'inner_one'],
  ['select 1 from (select x from deep) d', 'deep'],
  ['insert into shop.orders (a) values (1)', 'shop.orders'],
  ['INSERT IGNORE INTO `odd name` VALUES (1)', 'odd name'],
  ['insert low_priority t set a = 1', 't'],
  ['replace into t values (1)', 't'],
  ["select replace(a, 'from x', '') from t", 't'],
  ['update ignore t set a = 1', 't'],
  ['delete from t where a = 1', 't'],
  ['delete a from t a join u', 't'],
  ['truncate t', 't'],
  ['truncate table only_this', 'only_this'],
  ['create table if not exists t (a int)', 't'],
  ['with x as (select 1 from base) select * from x', 'base'],
  ['/* from comment */ select 1 -- from line\n from t', 't'],
  ["select 'it''s from a', \"from b\" from c", 'c'],
  ['select extract(year from d) from t', 't'],
  ["select trim(both ' ' from (select a from t)) x", 't'],
  ['select a is not distinct from b from t', 't'],
  ['select count(distinct a) from t', 't'],
  ['select a.from_date, b.`from` from t', 't'],
  ['select 1', NONE],
  ['commit', NONE],
  ['', NONE],
  ['select 1 from dual', NONE],
  ['select 1 from', NONE],
  ['select a into @x from t', 't'],
  ['select a from t for update', 't'],
  ['(select a from t) union (select b from u)', 't'],
])('%s is about %s', (statement, table) => {
  expect(mysql(statement)).toBe(table);
  expect(postgresql(statement)).toBe(table);
});

test('each database has its own comments, quotes and letters', () => {
  expect(mysql("select 'a\\' from b' from Orders # from c")).toBe('Orders');
  expect(mysql('select /*!40001 SQL_NO_CACHE */ * from t')).toBe('t');
  expect(postgresql("select 'a\\' from Orders")).toBe('orders');
  expect(postgresql('select $$ from a $$, $x$ from b $$ $x$ from "Big"."Table"')).toBe('Big.Table');
  expect(postgresql("select e'\\' from a' from b")).toBe('b');
});

const piece = fc.oneof(
  fc.constantFrom(
    'select',
    'from',
    'update',
    'into',
    'join',
    'distinct',
    'is',
    'extract',
    'insert',
    'only',
    '@',
  ),
  fc.constantFrom(
    't',
    'shop.orders',
    '`a``b`',
    '"q"',
    "'from s'",
    "'",
    '"',
    '`',
    '\\',
    '(',
    ')',
    '.',
    ',',
    '*',
  ),
  fc.constantFrom('$$', '$x$', '/*', '*/', '/*!', '--', '#', '\n', ' ', '7', '\0', '\xff'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const statements = fc
  .array(piece, { maxLength: 60 })
  .map((pieces) => Buffer.from(pieces.join(' '), 'utf8').toString('latin1'));

test('a statement that is cut is about the same table, or it is not known about which', () => {
  fc.assert(
    fc.property(statements, fc.nat(300), (statement, at) => {
      const cut = statement.slice(0, at);
      for (const dialect of [MYSQL, POSTGRESQL]) {
        const whole = tableOf(dialect, Infinity)(statement);
        expect([whole, UNKNOWN]).toContain(tableOf(dialect, cut.length)(cut));
      }
    }),
    { numRuns: 500 },
  );
});

test('no text makes it fail, or take long, and no table is longer than its names', () => {
  const long = 'x'.repeat(100_000);
  for (const hostile of [
    long,
    `from ${long}`,
    '('.repeat(100_000),
    '`'.repeat(99_999),
    "'".repeat(99_999),
    '/*'.repeat(50_000),
  ])
    for (const read of [mysql, postgresql]) expect(read(hostile).length).toBeLessThan(200);
});

test('nothing of a literal is taken for a table', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 50 }), (text) => {
      const literal = `'${text.replaceAll('\\', '').replaceAll("'", "''")}'`;
      expect(mysql(`select ${literal} from t`)).toBe('t');
      expect(postgresql(`select ${literal} from t`)).toBe('t');
    }),
  );
});
