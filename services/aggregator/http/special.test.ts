/* What is special in a box, over HTTP: the box within its stretch, hostile parameters, every shape. */
import { LOG_GRID } from '../../../common/model/bucket';
import { HEAT, instrumentation, NOW, serveValues, V } from '../testing/test-values';

const values = serveValues();
const SPECIAL = `${V}/2/value/special`;
const MS = LOG_GRID.bucketOf(1_000_000);
const SECOND = LOG_GRID.bucketOf(1_000_000_000);

async function slowBackup(): Promise<void> {
  await values.own(HEAT, ['n']);
  for (const second of [NOW - 4, NOW - 3, NOW - 2]) {
    values.reportDisks('n', second, { web: [MS, 5000, SECOND, 5], backup: [SECOND, 40] });
  }
}

test('the key that is slow comes first, however busy the fast ones are', async () => {
  await slowBackup();
  const { body } = await values.get(`${SPECIAL}?duration=10&box_ymin=500000000&box_ymax=2000000000`);
  expect(body).toMatchObject({
    unit: 'ns',
    box: { ymin: 500_000_000, ymax: 2_000_000_000, end_time: NOW - 1 },
    inside: 135,
    outside: 15_000,
    test: { statistic: 'G', correction: 'Holm', keys: 2, alpha: 0.01 },
    keys: [
      { key: 'backup', inside: 120, outside: 0, ratio: null, significant: true },
      { key: 'web', inside: 15, outside: 15_000, significant: false },
    ],
    completeness: expect.anything() as unknown,
  });
});

test('seconds outside the box count as the rest', async () => {
  await slowBackup();
  const { body } = await values.get(
    `${SPECIAL}?start_time=${NOW - 5}&end_time=${NOW - 1}&box_start=${NOW - 3}`,
  );
  expect(body).toMatchObject({ inside: 2 * 5045, outside: 5045, box: { start_time: NOW - 3 } });
});

test('a box in a part of a stretch of a question without numeric field is a stretch of time', async () => {
  const keyed = instrumentation('3', { decomposition: ['disk'] });
  await values.own(keyed, ['n']);
  values.report(keyed, 'n', NOW - 3, {
    shape: 'keyed',
    numbers: new Map([
      ['a', 90],
      ['b', 10],
    ]),
  });
  values.report(keyed, 'n', NOW - 2, {
    shape: 'keyed',
    numbers: new Map([
      ['a', 10],
      ['b', 90],
    ]),
  });
  const { body } = await values.get(`${V}/3/value/special?duration=5&box_start=${NOW - 2}`);
  expect(body).toMatchObject({ keys: [{ key: 'b', inside: 90, outside: 10, ratio: 9 }, { key: 'a' }] });
  expect(body['box']).not.toHaveProperty('ymin');
});

test('bytes are no events: they are compared and not tested', async () => {
  const bytes = instrumentation('3', { decomposition: ['disk'], type: 'size' });
  await values.own(bytes, ['n']);
  values.report(bytes, 'n', NOW - 2, { shape: 'keyed', numbers: new Map([['a', 1e9]]) });
  const { body } = await values.get(`${V}/3/value/special?duration=5&box_start=${NOW - 2}`);
  expect(body).not.toHaveProperty('test');
  expect((body['keys'] as object[])[0]).not.toHaveProperty('p');
});

test('without a discrete field, and before anything was counted, there is no key and no error', async () => {
  const plain = instrumentation('3', { decomposition: ['latency'] });
  await values.own(plain, ['n']);
  expect((await values.get(`${V}/3/value/special`)).body).toMatchObject({ inside: 0, outside: 0, keys: [] });
});

test('the same question gets the same tag, and 304 without a sum', async () => {
  await slowBackup();
  const url = `${SPECIAL}?start_time=${NOW - 5}&duration=3`;
  const etag = (await values.get(url)).headers.get('etag') ?? '';
  expect((await values.get(url, { headers: { 'If-None-Match': etag } })).status).toBe(304);
});

test.each([
  ['box_ymax=5&box_ymin=5', 'box_ymax', 'greater than box_ymin, which is 5'],
  [`box_start=${NOW - 3000}`, 'box_start', 'give start_time and end_time around the box'],
  [`box_end=${NOW + 5}`, 'box_end', 'must be within the stretch'],
  [`box_start=${NOW - 3}&box_end=${NOW - 9}`, 'box_end', 'later than box_start'],
  ['box_ymin=-1', 'box_ymin', 'whole number'],
  ['box_ymin=1e3', 'box_ymin', 'whole number'],
  ['limit=1001', 'limit', '1 to 1000'],
  ['ndatapoints=2', 'ndatapoints', 'at most 1'],
])('%s is refused, and what is right is said', async (query, field, message) => {
  await values.own(HEAT);
  const { status, body } = await values.get(`${SPECIAL}?${query}`);
  expect(status).toBe(400);
  expect(body['error']).toMatchObject({ field });
  expect((body['error'] as { message: string }).message).toContain(message);
});

test('a range of values is refused where there is no numeric field', async () => {
  await values.own(instrumentation('3', { decomposition: ['disk'] }));
  const { status, body } = await values.get(`${V}/3/value/special?box_ymax=5`);
  expect([status, (body['error'] as { field: string }).field]).toEqual([400, 'box_ymax']);
});
