/* The metrics of module mysql against a private server with five tables. Needs root and MariaDB. */
import { totalCount } from '../../../../../common/model/distribution';
import { totalOf, type Value } from '../../../../../common/model/value';
import {
  findMariadb,
  startMariadb,
  type MariadbClient,
  type PrivateMariadb,
} from '../testing/private-mariadb';
import { is, openRealKernel, type RealKernel } from '../testing/real-kernel';

const opened = openRealKernel();
const found = typeof opened === 'string' ? opened : findMariadb();
const obstacle = typeof found === 'string' ? found : undefined;
if (obstacle !== undefined) process.stderr.write(`SKIPPED: mysql.queries: ${obstacle}\n`);

const TABLES = ['orders', 'users', 'items', 'carts', 'visits'];
const TITLE = `MariaDB${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`;
(obstacle === undefined ? describe : describe.skip)(TITLE, () => {
  const kernel = opened as RealKernel;
  let server: PrivateMariadb;
  let client: MariadbClient;
  beforeAll(async () => {
    if (typeof found === 'string') throw new Error(found);
    server = await startMariadb(found.program);
    // A server outside the searched folders, as in a checkout, is found because it runs.
    await kernel.source.look();
    client = await server.client();
    await client.query('CREATE DATABASE shop');
    await client.query('USE shop');
    for (const table of TABLES) await client.query(`CREATE TABLE ${table} (a int, b text)`);
  }, 90_000);
  afterEach(() => kernel.closeProbes());
  afterAll(async () => {
    kernel.source.close();
    await client.close();
    await server.close();
  });

  const mine = () => is('pid', String(server.pid));

  test('each statement is counted once, by its table, its kind and its end, prepared or not', async () => {
    const [tables, kinds, ends, parsed, rows, texts] = [
      await kernel.enable('mysql.queries', ['table', 'latency'], mine()),
      await kernel.enable('mysql.statements', ['statement'], mine()),
      await kernel.enable('mysql.queries', ['status'], mine()),
      await kernel.enable('mysql.queries', ['parsed'], mine()),
      await kernel.enable('mysql.statements', ['table'], mine()),
      await kernel.enable('mysql.queries', ['querysubstr', 'cputime'], mine()),
    ];
    for (const [i, table] of TABLES.entries()) {
      for (let n = 0; n <= i; n++) await client.query(`insert into ${table} values (${n}, 'from nowhere')`);
    }
    const prepared = await client.prepare('SELECT b FROM shop.users WHERE a = 1');
    for (let n = 0; n < 7; n++) expect(await client.execute(prepared)).toBe(true);
    expect(await client.query('select * from no_such_table')).toBe(false);
    expect(await client.query('this is no statement')).toBe(false);
    await client.query('SELECT SLEEP(0.3)');
    expect(countsOf(await kernel.read(tables))).toEqual({
      ...{ orders: 1, users: 2, items: 3, carts: 4, visits: 5 },
      ...{ 'shop.users': 7, no_such_table: 1, '(none)': 2 },
    });
    expect(Object.fromEntries(await kernel.numbers(kinds))).toEqual({ INSERT: 15, SELECT: 9 });
    expect(Object.fromEntries(await kernel.numbers(ends))).toEqual({ 0: 23, 1: 2 });
    expect(Object.fromEntries(await kernel.numbers(parsed))).toEqual({ yes: 18, no: 7 });
    expect((await kernel.numbers(rows)).get('shop.users')).toBe(7);
    expect(countsOf(await kernel.read(texts))).toMatchObject({
      'SELECT b FROM shop.users WHERE a = 1': 7,
      'this is no statement': 1,
    });
  }, 60_000);

  test('commands, connections, and sorts by the table that they are for', async () => {
    const [commands, connections, sorts] = [
      await kernel.enable('mysql.commands', ['command', 'latency'], mine()),
      await kernel.enable('mysql.connections', ['latency'], mine()),
      await kernel.enable('mysql.filesort', ['table', 'cputime'], mine()),
    ];
    const other = await server.client();
    await other.query('USE shop');
    for (let n = 0; n < 4; n++) await other.query('SELECT * FROM visits ORDER BY b');
    await other.execute(await other.prepare('SELECT * FROM carts ORDER BY b'));
    await other.query('SELECT * FROM visits');
    await other.close();
    // The end of a connection is the server's, behind the client's.
    let ended = 0;
    for (let tries = 0; ended === 0 && tries < 50; tries++) {
      ended += totalOf(await kernel.read(connections));
      if (ended === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(ended).toBe(1);
    expect(countsOf(await kernel.read(sorts))).toEqual({ visits: 4, carts: 1 });
    expect(countsOf(await kernel.read(commands))).toEqual({
      query: 6,
      stmt_prepare: 1,
      stmt_execute: 1,
      quit: 1,
    });
  }, 60_000);
});

function countsOf(value: Value): Record<string, number> {
  if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
  return Object.fromEntries([...value.distributions].map(([key, d]) => [key, totalCount(d)]));
}
