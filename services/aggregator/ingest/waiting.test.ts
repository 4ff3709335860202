import { fqid } from '../../../common/model/instrumentation';
import { INLINE } from '../heatmap/pixels/renderer';
import { HEAT, NOW, PLAIN, V, serveValues } from '../testing/test-values';
import { WAITING_REQUESTS } from './waiting';

const values = serveValues();

test('a request waits until the expected nodes have reported, and states how long it waited', async () => {
  await values.own(PLAIN);
  for (let s = 1; s <= 20; s++)
    for (const n of ['a', 'b']) values.report(PLAIN, n, NOW - s, { shape: 'number', number: 1 });
  const waiting = values.get(`${V}/1/value/raw?start_time=${NOW}&duration=1`);
  while (values.aggregator.get('global;1')?.waiting.size !== 1) await new Promise(setImmediate);
  values.report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  expect(values.aggregator.get('global;1')?.waiting.size).toBe(1);
  values.report(PLAIN, 'b', NOW, { shape: 'number', number: 1 });
  const { body } = await waiting;
  expect(body).toMatchObject({ value: 2, minreporting: 2 });
  expect(body['delay']).toBeGreaterThan(0);
});

test('the request of a client that goes away ends, and nothing is drawn for it', async () => {
  await values.own(HEAT, ['a', 'b']);
  const waiting = (): number | undefined => values.aggregator.get(fqid(HEAT))?.waiting.size;
  const clients = ['raw', 'heatmap/image', 'heatmap/average'].map((path) => {
    const client = new AbortController();
    const url = values.url(`${V}/2/value/${path}?start_time=${NOW}&duration=1`);
    return { client, answer: fetch(url, { signal: client.signal }) };
  });
  while (waiting() !== 3) await new Promise(setImmediate);
  for (const { client, answer } of clients) {
    client.abort();
    await expect(answer).rejects.toThrow('abort');
  }
  while (waiting() !== 0) await new Promise(setImmediate);
  // The data comes after the client has gone.
  const drawn = jest.spyOn(INLINE, 'render');
  for (const node of ['a', 'b']) {
    values.reportDisks(node, NOW, {});
  }
  await new Promise(setImmediate);
  expect(drawn).not.toHaveBeenCalled();
  drawn.mockRestore();
  while (values.server.counts.pending !== 0) await new Promise(setImmediate);
});

test('a request that times out is answered with what there is', async () => {
  await values.own(PLAIN, ['a', 'b']);
  values.report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  values.report(PLAIN, 'a', NOW + 1, { shape: 'number', number: 1 });
  values.now += 2000;
  const { body } = await values.get(`${V}/1/value/raw?start_time=${NOW + 1}&timeout=50`);
  expect(body).toMatchObject({ value: 1, nsources: 2, minreporting: 1 });
  expect(body['delay']).toBeGreaterThanOrEqual(45);
});

test('a time range long past is answered at once, however incomplete', async () => {
  await values.own(PLAIN);
  for (let s = 1; s <= 60; s++) values.report(PLAIN, 'a', NOW - s, { shape: 'number', number: 1 });
  const { body } = await values.get(`${V}/1/value/raw?start_time=${NOW - 70}&duration=1`);
  expect(body).toMatchObject({ value: 0, minreporting: 0 });
  expect(body).not.toHaveProperty('delay');
});

test('deleting an instrumentation ends the requests that wait for it', async () => {
  await values.own(PLAIN, ['a']);
  expect([...values.bound]).toEqual(['global;1']);
  const waiting = values.get(`${V}/1/value/raw?start_time=${NOW + 1}&duration=1`);
  while (values.aggregator.get('global;1')?.waiting.size !== 1) await new Promise(setImmediate);
  await values.aggregator.disable('global;1');
  expect((await waiting).status).toBe(404);
  expect([...values.bound]).toEqual([]);
});

test('requests beyond the limit of waiting ones are refused with a time to come back', async () => {
  await values.own(PLAIN, ['a']);
  const owned = values.aggregator.get('global;1');
  const many = Array.from({ length: WAITING_REQUESTS }, () => owned!.waiting.until(NOW + 1, 5000));
  const refused = await values.get(`${V}/1/value/raw?start_time=${NOW + 1}`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  await Promise.all([
    values.aggregator.disable('global;1'),
    ...many.map((wait) => expect(wait).rejects.toThrow('any more')),
  ]);
});
