import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { VALUE_COUNTS } from './routes';
import { Cells, type Row } from '../dataset/cells';
import { HEAT, PLAIN, serveValues, V } from '../testing/test-values';

const values = serveValues();

test('an answer that would be too large is refused, naming what to reduce', async () => {
  await values.own(HEAT);
  const large = await values.get(`${V}/2/value/heatmap/average?ndatapoints=3600&duration=3600`);
  expect([large.status, large.body['error']]).toMatchObject([400, { code: 'INVALID', field: 'ndatapoints' }]);
  // More counts in one value than it may have: nothing is made of them at all.
  const buckets = Array.from({ length: 1001 }, (_, i) => i);
  // The same row again and again: making them all takes so long that connections time out.
  const row = { buckets, counts: buckets, from: 0, to: buckets.length } as unknown as Row;
  jest.spyOn(Cells.prototype, 'each').mockImplementation((visit) => {
    for (let i = 0; i <= VALUE_COUNTS / 1000; i++) visit(`k${i}`, row);
  });
  const many = await values.get(`${V}/2/value/raw`);
  jest.restoreAllMocks();
  expect([many.status, many.body['error']]).toMatchObject([400, { code: 'INVALID', field: 'duration' }]);
  expect((await values.get(`${V}/2/value/raw`)).status).toBe(200);
});

test('answers that are on their way have their share of memory until their clients have them, or have gone', async () => {
  await values.own(PLAIN);
  const clients = [2_000_000, 2_000_000, 1_000_000].map((bytes) => {
    const client = new EventEmitter() as ServerResponse;
    values.held.open(client, 'duration')(bytes);
    return client;
  });
  const refused = await values.get(`${V}/1/value/raw`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  for (const client of clients) client.emit('close');
  expect((await values.get(`${V}/1/value/raw`)).status).toBe(200);
  while (values.held.bytes !== 0) await new Promise(setImmediate);
});

test('many points do not block other requests, which are answered in between', async () => {
  await values.own(HEAT);
  await values.own(PLAIN);
  const order: string[] = [];
  const long = values
    .get(`${V}/2/value/heatmap/average?ndatapoints=3600&duration=100`)
    .then(() => order.push('long'));
  const short = values.get(`${V}/1/value/raw?timeout=0`).then(() => order.push('short'));
  await Promise.all([long, short]);
  expect(order).toEqual(['short', 'long']);
});
