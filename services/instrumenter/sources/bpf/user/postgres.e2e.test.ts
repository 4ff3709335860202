/* postgres.queries against a private server, and the server's own statistics. Needs root and PostgreSQL. */
import { LOG_GRID } from '../../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../../common/model/distribution';
import type { Value } from '../../../../../common/model/value';
import { both, is, openRealKernel, type RealKernel } from '../testing/real-kernel';
import { findPostgres, startPostgres, type PrivatePostgres } from '../testing/private-postgres';

const opened = openRealKernel();
const found = typeof opened === 'string' ? opened : findPostgres();
const obstacle = typeof found === 'string' ? found : undefined;
if (obstacle !== undefined) process.stderr.write(`SKIPPED: postgres.queries: ${obstacle}\n`);

const TITLE = `queries of a server${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`;
(obstacle === undefined ? describe : describe.skip)(TITLE, () => {
  const kernel = opened as RealKernel;
  let server: PrivatePostgres;
  beforeAll(async () => {
    if (typeof found === 'string') throw new Error(found);
    server = await startPostgres(found.programs);
    // A server outside the searched folders, as in a checkout, is found because it runs.
    await kernel.source.look();
    server.run('psql', ['-c', 'CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a int, b text)']);
  }, 60_000);
  afterEach(() => kernel.closeProbes());
  afterAll(async () => {
    kernel.source.close();
    await server.close();
  });

  test('a server that runs is found, wherever its program lies', () => {
    expect(kernel.source.offers()).toContainEqual(
      expect.objectContaining({
        metric: 'postgres.queries',
        fields: expect.arrayContaining(['statement']) as unknown,
      }),
    );
  });

  /** Of this server, should there be others. */
  const mine = () => is('ppid', String(server.pid));
  const psql = (sql: string, mayFail = false): string =>
    server.run('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=0'], sql, mayFail);

  test('each query of the simple protocol is counted once, by its kind and by its text', async () => {
    const all = await kernel.enable('postgres.queries', [], mine());
    const kinds = await kernel.enable('postgres.queries', ['statement'], mine());
    const texts = await kernel.enable(
      'postgres.queries',
      ['querysubstr'],
      both(mine(), is('statement', 'SELECT')),
    );
    const normal = await kernel.enable('postgres.queries', ['querynormal', 'latency'], mine());
    const names = await kernel.enable('postgres.queries', ['execname'], mine());
    const tables = await kernel.enable('postgres.queries', ['table'], mine());
    const hostile = `SELECT 'a,b"c\t@x: 5';`;
    psql(
      [
        ...Array.from({ length: 37 }, (_, i) => `INSERT INTO t VALUES (${i}, 'x');`),
        ...Array.from({ length: 11 }, () => 'select count(*) from t;'),
        '\n\n      \t  SELECT 7;',
        hostile,
        'BEGIN; UPDATE t SET a = 1 WHERE a = 2; ROLLBACK;',
        'TRUNCATE t;',
        'SELECT no_such_column FROM t;', // fails: it has not run to its end
        'DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;', // what it runs inside is not its own
      ].join('\n'),
    );
    const numbers = await kernel.numbers(kinds);
    expect(Object.fromEntries(numbers)).toEqual({
      ...{ INSERT: 37, SELECT: 13, BEGIN: 1, UPDATE: 1, ROLLBACK: 1, TRUNCATE: 1, DO: 1 },
    });
    expect((await kernel.numbers(all)).get('')).toBe(55);
    expect(await kernel.numbers(names)).toEqual(new Map([['postgres', 55]]));
    expect(Object.fromEntries(await kernel.numbers(tables))).toEqual({ t: 50, '(none)': 5 });
    const forms = await kernel.read(normal);
    if (forms.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
    const counts = new Map([...forms.distributions].map(([key, d]) => [key, totalCount(d)]));
    expect(counts.get('insert into t values (?)')).toBe(37);
    expect(counts.get('select ?')).toBe(2);
    expect(counts.get('do ?')).toBe(1);
    expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(55);
    expect(await kernel.numbers(texts)).toEqual(
      new Map([
        ['select count(*) from t;', 11],
        ['SELECT 7;', 1],
        [hostile, 1],
      ]),
    );
  });

  test.each(['simple', 'extended', 'prepared'])(
    'as many as pg_stat_statements says, over the %s protocol',
    async (protocol) => {
      psql('SELECT pg_stat_statements_reset();');
      const kinds = await kernel.enable('postgres.queries', ['statement', 'latency'], mine());
      const script = `\\set i random(1, 1000)
BEGIN;
INSERT INTO t VALUES (:i, 'y');
SELECT count(*) FROM t WHERE a = :i;
UPDATE t SET b = 'z' WHERE a = :i;
COMMIT;
`;
      server.run('pgbench', ['-n', '-M', protocol, '-t', '100', '-c', '2', '-f', '-'], script);
      const value = await kernel.read(kinds);
      if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
      const ours = Object.fromEntries(
        [...value.distributions].map(([kind, distribution]) => [kind, totalCount(distribution)]),
      );
      const theirs: Record<string, number> = Object.fromEntries(
        psql(`SELECT split_part(query, ' ', 1), sum(calls) FROM pg_stat_statements WHERE
          query LIKE 'INSERT%' OR query LIKE 'UPDATE%' OR query LIKE 'SELECT count%' GROUP BY 1;`)
          .trim()
          .split('\n')
          .map((row) => row.split('|'))
          .map(([kind = '', calls]) => [kind, Number(calls)] as const),
      );
      expect(theirs).toEqual({ INSERT: 200, SELECT: 200, UPDATE: 200 });
      expect(ours).toEqual({ ...theirs, BEGIN: 200, COMMIT: 200 });
    },
    30_000,
  );

  test('a query that waits takes long, and hardly any CPU time; one that computes takes both', async () => {
    const [latencies, cputimes] = await Promise.all([
      kernel.enable('postgres.queries', ['querysubstr', 'latency'], both(mine(), is('statement', 'SELECT'))),
      kernel.enable('postgres.queries', ['querysubstr', 'cputime'], both(mine(), is('statement', 'SELECT'))),
    ]);
    const waiting = 'SELECT pg_sleep(0.3);';
    const computing = 'SELECT sum(i) FROM generate_series(1, 1000000) AS i;';
    psql(`${waiting}\n${computing}\n`);
    const latency = floorsOf(await kernel.read(latencies));
    const cputime = floorsOf(await kernel.read(cputimes));
    expect([...latency.keys()].sort()).toEqual([waiting, computing]);
    expect(latency.get(waiting)).toBeGreaterThanOrEqual(290_000_000);
    expect(cputime.get(waiting)).toBeLessThan(150_000_000);
    expect(cputime.get(computing)).toBeGreaterThan(10_000_000);
    expect(cputime.get(computing)).toBeLessThanOrEqual(latency.get(computing) ?? 0);
  });
});

/** Where the only bucket of each key begins. */
function floorsOf(value: Value): Map<string, number> {
  if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
  return new Map(
    [...value.distributions].map(([key, distribution]) => {
      expect(totalCount(distribution)).toBe(1);
      let floor = 0;
      eachBucket(distribution, (bucket) => (floor = LOG_GRID.floorOf(bucket)));
      return [key, floor];
    }),
  );
}
