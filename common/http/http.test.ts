import { request } from 'node:http';
import { CaError, invalid } from '../service/errors';
import { serve, type HttpServer, type Route } from './http';
import { SILENT } from '../service/log';
import { BODY_BYTES } from './http-request';

const ROUTES: Route[] = [
  { method: 'GET', path: '/plain', handle: () => ({ json: { hello: 'world' } }) },
  {
    method: 'GET',
    path: '/things/:id',
    handle: (r) => ({ json: { id: r.params['id'], q: r.query.get('q') } }),
  },
  {
    method: 'GET',
    path: '/things/:id/value/*',
    handle: (r) => ({ json: { rest: r.params['*'], url: r.url } }),
  },
  {
    method: 'POST',
    path: '/things',
    handle: (r) => ({ status: 201, json: { json: r.json, form: [...r.query] } }),
  },
  {
    method: 'DELETE',
    path: '/things/:id',
    handle: () => Promise.resolve({ status: 204 }),
  },
  {
    method: 'GET',
    path: '/user-error',
    handle: () => {
      throw invalid('depth', 'must be small');
    },
  },
  {
    method: 'GET',
    path: '/bug',
    handle: async () => {
      await Promise.resolve();
      throw new Error('secret detail');
    },
  },
  {
    method: 'GET',
    path: '/busy',
    handle: () => {
      throw new CaError('NO_RESOURCE', 'nobody', { retryAfter: 5 });
    },
  },
];

let server: HttpServer;
let base: string;

beforeAll(async () => {
  server = await serve({
    name: 'test',
    routes: ROUTES,
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
    headers: { 'X-T': '1' },
  });
  base = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const post = (path: string, body: string, type: string): Promise<Response> =>
  fetch(base + path, { method: 'POST', body, headers: { 'content-type': type } });

test('JSON answers end with a newline and carry the common headers', async () => {
  const res = await fetch(`${base}/plain`);
  expect(res.headers.get('content-type')).toBe('application/json');
  expect(res.headers.get('x-t')).toBe('1');
  expect(await res.text()).toBe('{"hello":"world"}\n');
});

test('wildcards match the rest of a path, trailing slashes do not matter', async () => {
  expect(await (await fetch(`${base}/things/a-b?q=x%26y`)).json()).toEqual({ id: 'a-b', q: 'x&y' });
  expect(await (await fetch(`${base}/things/7/value/heatmap/image?z=1`)).json()).toEqual({
    rest: 'heatmap/image',
    url: '/things/7/value/heatmap/image?z=1',
  });
  expect((await fetch(`${base}/plain/`)).status).toBe(200);
});

test.each([
  '/things/../plain',
  '/things/%2e%2e/plain',
  '/things/.%2E/plain',
  '/things\\..\\plain',
  '/./plain',
  '//h/plain',
  'http://h/plain',
  '/plain#x',
  '/things/"x"',
  '/things/a%20b',
  '/things/%37',
])('%s is not another way to write a path', async (path) => {
  const status = await new Promise((resolve, reject) => {
    const { port } = new URL(base);
    const req = request({ host: '127.0.0.1', port, path }, (res) => {
      resolve(res.statusCode);
      res.resume();
    });
    req.on('error', reject);
    req.end();
  });
  expect(status).toBe(404);
});

test('JSON and form bodies are parsed; a form overrides the query', async () => {
  expect(await (await post('/things', '{"a":[1]}', 'application/json; charset=utf-8')).json()).toEqual({
    json: { a: [1] },
    form: [],
  });
  expect(await (await post('/things?a=1', 'a=2&b=3', 'application/x-www-form-urlencoded')).json()).toEqual({
    form: [
      ['a', '2'],
      ['b', '3'],
    ],
  });
});

test('a repeated name has all its texts; the form replaces the query', async () => {
  expect(
    await (await post('/things?a=0&a=9&c=4', 'a=2&b=&a=3', 'application/x-www-form-urlencoded')).json(),
  ).toEqual({
    form: [
      ['a', ['2', '3']],
      ['c', '4'],
      ['b', ''],
    ],
  });
});

test('for JSON sent as a form, as curl does by default, the error names the missing header', async () => {
  const answer = await post('/things', ' {"a":"b=c"}', 'application/x-www-form-urlencoded');
  expect([answer.status, await answer.json()]).toMatchObject([
    415,
    { error: { field: 'Content-Type', message: expect.stringContaining('application/json') as string } },
  ]);
});

test.each([
  ['unknown paths', () => fetch(`${base}/nowhere`), 404, 'NOT_FOUND'],
  ['paths that do not decode', () => fetch(`${base}/things/%zz`), 404, 'NOT_FOUND'],
  ['wrong methods', () => fetch(`${base}/plain`, { method: 'PATCH' }), 405, 'METHOD_NOT_ALLOWED'],
  ['bodies that are not JSON', () => post('/things', '{"a":', 'application/json'), 400, 'INVALID'],
  [
    'other types of body',
    () => post('/things', 'x', 'multipart/form-data; boundary=x'),
    415,
    'UNSUPPORTED_TYPE',
  ],
  ['large bodies', () => post('/things', 'x'.repeat(BODY_BYTES + 1), 'application/json'), 413, 'TOO_LARGE'],
  ['thrown user errors', () => fetch(`${base}/user-error`), 400, 'INVALID'],
  ['nobody there', () => fetch(`${base}/busy`), 503, 'NO_RESOURCE'],
  ['bugs', () => fetch(`${base}/bug`), 500, 'INTERNAL'],
] as const)('%s are answered with a code and a sentence', async (_name, ask, status, code) => {
  const res = await ask();
  expect(res.status).toBe(status);
  const body = (await res.json()) as { error: { code: string; message: string } };
  expect(body.error.code).toBe(code);
  expect(body.error.message).not.toContain('secret');
});

test('errors name the field, 405 the allowed methods, 503 when to come back', async () => {
  expect(await (await fetch(`${base}/user-error`)).json()).toEqual({
    error: { code: 'INVALID', message: 'depth must be small', field: 'depth' },
  });
  expect((await fetch(`${base}/things/1`, { method: 'PUT', body: '' })).headers.get('allow')).toBe(
    'GET, HEAD, DELETE, OPTIONS',
  );
  expect((await fetch(`${base}/busy`)).headers.get('retry-after')).toBe('5');
});

test('HEAD answers as GET without a body, OPTIONS lists the methods', async () => {
  const head = await fetch(`${base}/plain`, { method: 'HEAD' });
  expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '18']);
  const options = await fetch(`${base}/things/1`, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, DELETE']);
});

test('a truncated body ends the request and nothing else', async () => {
  await new Promise<void>((resolve) => {
    const half = request(`${base}/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '100' },
    });
    half.on('error', () => undefined);
    half.on('close', resolve);
    half.write('{"a":', () => half.destroy());
  });
  expect((await fetch(`${base}/plain`)).status).toBe(200);
});

test('a port that is taken is an error for the caller, and does not end the process', async () => {
  const again = serve({ name: 'again', routes: ROUTES, host: '127.0.0.1', port: server.port, log: SILENT });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
