import { Api, ApiError } from './api.ts';

interface Seen {
  url: string;
  init: RequestInit;
}

function fake(status: number, body: unknown, date?: string) {
  const seen: Seen[] = [];
  const fetchLike = (url: string, init: RequestInit): Promise<Response> => {
    seen.push({ url, init });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = date === undefined ? {} : { Date: date };
    return Promise.resolve(new Response(status === 204 ? null : text, { status, headers }));
  };
  return { seen, fetchLike: fetchLike as unknown as typeof fetch };
}

const NOW = Date.UTC(2026, 0, 5, 12, 0, 0);

test('values are asked for by start, duration and number of points', async () => {
  const { seen, fetchLike } = fake(200, []);
  await new Api('/ca', fetchLike, () => NOW).raw('a/b', 100, 5, 12, 900);
  expect(seen[0]?.url).toBe(
    '/ca/instrumentations/a%2Fb/value/raw?start_time=100&duration=5&ndatapoints=12&timeout=900',
  );
});

test('a refusal becomes a sentence, and keeps the field it names', async () => {
  const { fetchLike } = fake(400, {
    error: { code: 'INVALID', message: 'granularity must be 1', field: 'granularity' },
  });
  const question = { module: 'm', stat: 's', predicate: {}, decomposition: [], granularity: 2 };
  const error = await new Api('/ca', fetchLike, () => NOW).create(question).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 400, message: 'granularity must be 1.', field: 'granularity' });
});

test('an answer that is no JSON is still told as an error', async () => {
  const { fetchLike } = fake(502, '<html>bad gateway</html>');
  await expect(new Api('/ca', fetchLike, () => NOW).list()).rejects.toThrow('The service answered 502');
});

test('no answer at all is told apart from a refusal', async () => {
  const reached: boolean[] = [];
  const api = new Api(
    '/ca',
    () => Promise.reject(new TypeError('fetch failed')),
    () => NOW,
  );
  api.onAnswer = (ok) => reached.push(ok);
  await expect(api.list()).rejects.toMatchObject({ status: 0 });
  expect(reached).toEqual([false]);
});

test('deleting answers with nothing, and that is fine', async () => {
  const { fetchLike, seen } = fake(204, '');
  await expect(new Api('/ca', fetchLike, () => NOW).remove('7')).resolves.toBeUndefined();
  expect(seen[0]?.init.method).toBe('DELETE');
});

test('the servers’ clock is learnt from their answers', async () => {
  const { fetchLike } = fake(200, [], new Date(NOW + 60_000).toUTCString());
  const api = new Api('/ca', fetchLike, () => NOW);
  expect(api.serverSeconds()).toBe(NOW / 1000);
  await api.list();
  expect(api.skewSeconds()).toBe(60);
  expect(api.serverSeconds()).toBe(NOW / 1000 + 60);
});

test('a request that was given up says nothing about a service that has answered since', async () => {
  const waiting: ((error: Error) => void)[] = [];
  const fetchLike = (url: string): Promise<Response> =>
    url.endsWith('/admin/status')
      ? new Promise((_, reject) => waiting.push(reject))
      : Promise.resolve(new Response('[]'));
  const api = new Api('/ca', fetchLike as unknown as typeof fetch, () => NOW);
  const reached: boolean[] = [];
  api.onAnswer = (ok) => reached.push(ok);
  const old = api.status().catch((error: unknown) => error);
  await api.list();
  waiting[0]?.(new Error('timed out'));
  expect(await old).toMatchObject({ status: 0 });
  expect(reached).toEqual([true]);
  const alone = api.status().catch((error: unknown) => error);
  waiting[1]?.(new Error('refused'));
  await alone;
  expect(reached).toEqual([true, false]);
});
