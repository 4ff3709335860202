/* The table of keys: which figures, ranked by which, of events and of levels, as JSON and as CSV. */
import { LOG_GRID } from '../../../common/model/bucket';
import { HEAT, instrumentation, NOW, serveValues, V } from '../testing/test-values';

const values = serveValues();
const TOP = `${V}/2/value/top`;
const MS = LOG_GRID.bucketOf(1_000_000);
const SECOND = LOG_GRID.bucketOf(1_000_000_000);

async function twoDisks(): Promise<void> {
  await values.own(HEAT, ['n']);
  values.reportDisks('n', NOW - 3, { quick: [MS, 100], slow: [SECOND, 1] });
  values.reportDisks('n', NOW - 2, { quick: [MS, 100], slow: [SECOND, 1] });
}

test('keys are ranked by how many events they have, or by the time that these took', async () => {
  await twoDisks();
  const byCount = (await values.get(`${TOP}?duration=10`)).body;
  expect(byCount).toMatchObject({
    unit: 'ns',
    sort: 'count',
    omitted: 0,
    total: { count: 202, min: 1_000_000, max: 1_099_999_999 },
    keys: [
      { key: 'quick', count: 200, sum: 200 * 1_049_999.5, mean: 1_050_000, p50: 1_050_000 },
      { key: 'slow', count: 2, min: 1_000_000_000 },
    ],
  });
  const { keys } = (await values.get(`${TOP}?duration=10&sort=sum`)).body as { keys: { key: string }[] };
  expect(keys.map(({ key }) => key)).toEqual(['slow', 'quick']);
});

test('percentiles are those asked for, in whole nanoseconds, over the whole stretch', async () => {
  await twoDisks();
  const { total } = (await values.get(`${TOP}?duration=10&percentiles=99.9,50`)).body as {
    total: Record<string, number>;
  };
  expect(Object.keys(total)).toEqual(['count', 'sum', 'mean', 'min', 'p50', 'p99.9', 'max']);
  expect(Object.values(total).every(Number.isInteger)).toBe(true);
});

test('no more keys than asked for, and how many there was no room for', async () => {
  await twoDisks();
  expect((await values.get(`${TOP}?duration=10&limit=1`)).body).toMatchObject({
    keys: [{ key: 'quick' }],
    omitted: 1,
    total: { count: 202 },
  });
});

test('a level is never added up over time: its mean, its extremes and its last value', async () => {
  const rss = instrumentation('3', { decomposition: ['disk'], valueScope: 'point' });
  await values.own(rss, ['n']);
  for (const [second, size] of [
    [NOW - 4, 100],
    [NOW - 3, 300],
    [NOW - 2, 200],
  ] as const) {
    values.report(rss, 'n', second, { shape: 'keyed', numbers: new Map([['a', size]]) });
  }
  expect((await values.get(`${V}/3/value/top?duration=10`)).body).toMatchObject({
    sort: 'last',
    keys: [{ key: 'a', last: 200, mean: 200, min: 100, max: 300 }],
    total: { last: 200 },
  });
});

test('of a level with a distribution the count is how many there are at a time', async () => {
  const disks = instrumentation('3', { decomposition: ['disk', 'latency'], valueScope: 'point' });
  await values.own(disks, ['n']);
  for (const second of [NOW - 3, NOW - 2]) {
    values.report(disks, 'n', second, {
      shape: 'keyed-distribution',
      distributions: new Map([['sda', [MS, 2]]]),
    });
  }
  const { keys } = (await values.get(`${V}/3/value/top?duration=10`)).body as { keys: object[] };
  expect(keys).toEqual([expect.objectContaining({ key: 'sda', count: 2 })]);
  expect(keys[0]).not.toHaveProperty('sum');
});

test('without a discrete field there is the total alone; a key that is empty text is a key', async () => {
  const plain = instrumentation('3', { decomposition: ['latency'] });
  await values.own(plain, ['n']);
  values.report(plain, 'n', NOW - 2, { shape: 'distribution', distribution: [MS, 7] });
  expect((await values.get(`${V}/3/value/top`)).body).toMatchObject({ keys: [], total: { count: 7 } });

  const keyed = instrumentation('4', { decomposition: ['disk'] });
  await values.own(keyed, ['n']);
  values.report(keyed, 'n', NOW - 2, { shape: 'keyed', numbers: new Map([['', 5]]) });
  expect((await values.get(`${V}/4/value/top`)).body).toMatchObject({ keys: [{ key: '', count: 5 }] });
});

test('as CSV each second has a line for each key, and columns name their units', async () => {
  await twoDisks();
  values.reportDisks('n', NOW - 2, {});
  const res = await fetch(
    values.url(`${TOP}.csv?start_time=${NOW - 3}&duration=1&ndatapoints=2&percentiles=99`),
  );
  expect(res.headers.get('content-type')).toContain('text/csv');
  const lines = (await res.text()).split('\r\n');
  expect(lines[0]).toBe(
    'time,seconds,key,count,sum_ns,mean_ns,min_ns,p99_ns,max_ns,nodes_expected,nodes_reporting,events_lost',
  );
  expect(lines[1]).toMatch(/^2011-03-13T07:06:37Z,1,quick,100,104999950,1050000,1000000,\d+,1099999,\d,1,0$/);
  expect(lines.length).toBe(1 + 4 + 1);
});

test('a key of strangers is one cell of one line, whatever it says', async () => {
  await values.own(HEAT, ['n']);
  values.reportDisks('n', NOW - 2, { '=cmd()|x,"\r\n\x1b[2J': [MS, 1] });
  const text = await (await fetch(values.url(`${TOP}.csv`))).text();
  expect(text.split('\r\n')).toHaveLength(3);
  expect(text).toContain('"\'=cmd()|x,""\\u000d\\u000a\\u001b[2J"');
});

test.each([
  ['sort=speed', 'sort', 'must be one of count, sum, mean, min, p50, p95, p99, max'],
  ['percentiles=101', 'percentiles', 'must be numbers from 0 to 100'],
  ['percentiles=1,2,3,4,5,6,7,8,9,10,11', 'percentiles', 'must not have more than 10 entries'],
  ['limit=0', 'limit', 'must be a whole number from 1 to 1000'],
])('%s is refused, and what there is is named', async (query, field, message) => {
  await values.own(HEAT);
  const { status, body } = await values.get(`${TOP}?${query}`);
  expect(status).toBe(400);
  expect(body['error']).toMatchObject({ field });
  expect((body['error'] as { message: string }).message).toContain(message);
});
