import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { parseCustomers } from '../fleet/customers';
import { addAggregator, addNode, aggregatorKey } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';
import { parseTokens } from './tokens';
import { FAILURES_PER_MINUTE } from './rate-limit';

const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
const TOKENS = parseTokens(
  `root operator ${sha256('op')}\nacme customer:acme ${sha256('ac')}\nother customer:other ${sha256('ot')}`,
);
const CUSTOMERS = parseCustomers('{"customers":{"acme":{"hosts":["n*"]},"other":{"hosts":["n*"]}}}');

let front: TestFront;
afterEach(() => front.close());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** fetch decides about Host, Origin and OPTIONS itself; this sends what it is told. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, unknown>; rawHeaders: string[] }> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(front.base + path, { method, headers, agent: false }, (res) => {
      res.resume();
      res.on('end', () => {
        resolve({ status: res.statusCode ?? 0, headers: res.headers, rawHeaders: res.rawHeaders });
      });
    });
    req.on('error', reject);
    req.end();
  });
}

describe('with tokens', () => {
  beforeEach(async () => {
    front = await testFront({ tokens: TOKENS, customers: CUSTOMERS });
    await addAggregator(front.bus, 'a0');
    await addNode(front.bus, 'n1');
  });

  test('no request passes without one, or learns which paths exist', async () => {
    for (const path of [
      '/',
      '/ca',
      '/ca/instrumentations',
      '/nowhere',
      '/page/page.js',
      '/ca/admin/status',
      '/ca/docs',
    ]) {
      const { status, headers } = await front.ask('GET', path);
      expect([path, status]).toEqual([path, 401]);
      expect(headers.get('www-authenticate')).toContain('Basic');
    }
    expect((await front.ask('GET', '/healthz')).status).toBe(200);
    expect((await front.ask('GET', '/readyz')).status).toBe(200);
  });

  test('each scheme has its own WWW-Authenticate line, Basic first: Chromium reads only the first', async () => {
    const { rawHeaders } = await send('GET', '/', {});
    const lines = rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'www-authenticate');
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual(['Basic', 'Bearer']);
  });

  test.each([
    `Bearer ${' '.repeat(100)}op`,
    'bearer\top',
    'Bearer op op',
    'Bearer',
    'op',
    'Basic op',
    'Digest op',
    'Bearer op,Bearer ac',
  ])('Authorization %j is parsed unambiguously, or refused', async (authorization) => {
    const { status } = await send('GET', '/ca', { authorization });
    expect(status).toBe(authorization.startsWith('Bearer  ') ? 200 : 401);
  });

  test('an operator enters everywhere, with Bearer or with Basic', async () => {
    const basic = { authorization: `Basic ${Buffer.from('me:op').toString('base64')}` };
    for (const headers of [bearer('op'), basic, { authorization: 'bearer op' }]) {
      expect((await front.ask('GET', '/ca', undefined, headers)).status).toBe(200);
      expect((await front.ask('GET', '/ca/customers/acme', undefined, headers)).status).toBe(200);
    }
  });

  test('a customer reaches its own scope and nothing beside it', async () => {
    const get = async (path: string): Promise<number> =>
      (await front.ask('GET', path, undefined, bearer('ac'))).status;
    for (const path of ['/ca/customers/acme', '/ca/customers/acme/', '/ca/customers/acme/instrumentations']) {
      expect([path, await get(path)]).toEqual([path, 200]);
    }
    for (const path of [
      '/ca',
      '/ca/instrumentations',
      '/ca/instrumentations?all=true',
      '/ca/instrumentations/1/value/raw',
      '/ca/admin/status',
      '/ca/customers/other/instrumentations',
      '/ca/customers/acme2',
      '/ca/customers/ACME',
      '/nowhere',
    ]) {
      expect([path, await get(path)]).toEqual([path, 403]);
    }
  });

  test.each([
    '/ca/customers/acme/../../instrumentations',
    '/ca/customers/acme/%2e%2e/%2e%2e/instrumentations',
    '/ca/customers/acme/%2E./../instrumentations',
    '/ca/customers/acme\\..\\..\\instrumentations',
    '/ca/customers/acme/..%2f..%2finstrumentations',
    '//ca/customers/acme/../../ca/instrumentations',
    'http://localhost/ca/instrumentations',
    '/page/../ca/instrumentations',
    '/ca/docs/../instrumentations',
    '/healthz/../ca/instrumentations',
    '/ca/customers/acm%65/../instrumentations',
    '/ca/customers/acm%65',
  ])('%s does not climb out of the scope', async (path) => {
    const status = await new Promise<number>((resolve, reject) => {
      const { port } = new URL(front.base);
      const req = httpRequest({ host: '127.0.0.1', port, path, headers: bearer('ac') }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      req.on('error', reject);
      req.end();
    });
    expect([403, 404]).toContain(status);
  });

  test("customers cannot reach each other's instrumentations, not even by number", async () => {
    const question = { module: 'syscall', stat: 'syscalls' };
    const mine = '/ca/customers/acme/instrumentations';
    const { status, json } = await front.ask('POST', mine, question, bearer('ac'));
    expect([status, json]).toMatchObject([201, { id: '1', uri: `${mine}/1` }]);
    expect(json).not.toHaveProperty('nodes');
    expect(
      (await front.ask('GET', '/ca/customers/other/instrumentations/1', undefined, bearer('ot'))).status,
    ).toBe(404);
    expect(
      (await front.ask('DELETE', '/ca/customers/other/instrumentations/1', undefined, bearer('ot'))).status,
    ).toBe(404);
    expect((await front.ask('GET', '/ca/instrumentations/1', undefined, bearer('op'))).status).toBe(404);
    expect(
      (await front.ask('GET', '/ca/customers/other/instrumentations?all=true', undefined, bearer('ot'))).json,
    ).toEqual([]);
    expect(
      (await front.ask('GET', '/ca/instrumentations?all=true', undefined, bearer('op'))).json,
    ).toMatchObject([{ uri: `${mine}/1` }]);
  });

  test('guessing is slowed down, and does not lock out holders of a token', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < FAILURES_PER_MINUTE + 1; i++) {
      statuses.push((await front.ask('GET', '/ca', undefined, bearer('wrong'))).status);
    }
    expect(statuses.slice(0, -1).every((status) => status === 401)).toBe(true);
    const late = await front.ask('GET', '/ca', undefined, bearer('wrong'));
    expect([late.status, late.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await front.ask('GET', '/ca', undefined, bearer('op'))).status).toBe(200);
  });
});

describe('without tokens', () => {
  beforeEach(async () => {
    front = await testFront({
      access: { origins: ['https://dash.example'], names: ['localhost', 'ca.example'] },
    });
  });

  test.each([
    ['127.0.0.1', 200],
    ['localhost:1', 200],
    ['[::1]:80', 200],
    ['CA.example', 200],
    ['x.localhost', 200],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
  ])('Host %j is answered with %d', async (host, status) => {
    expect((await send('GET', '/ca', { host })).status).toBe(status);
  });

  test.each([
    ['POST', 'https://evil.example', 403],
    ['DELETE', 'https://evil.example', 403],
    ['POST', 'null', 403],
    ['GET', 'https://evil.example', 200],
    ['POST', 'https://dash.example', 400],
    ['POST', 'http://localhost:5', 400],
  ])('%s from a page of %s is answered with %d', async (method, origin, status) => {
    const path =
      method === 'DELETE' ? '/ca/instrumentations/1' : method === 'GET' ? '/ca' : '/ca/instrumentations';
    expect((await send(method, path, { origin, host: 'localhost:5' })).status).toBe(status);
  });

  test.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 400],
    ['none', 400],
  ])('a POST without Origin of a page that is %s is answered with %d', async (site, status) => {
    const headers = { 'sec-fetch-site': site, 'content-type': 'application/json' };
    expect((await send('POST', '/ca/instrumentations', headers)).status).toBe(status);
    expect((await send('GET', '/ca', headers)).status).toBe(200);
  });

  test('only pages of allowed origins may read', async () => {
    const allowed = await send('OPTIONS', '/ca', { origin: 'https://dash.example' });
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://dash.example' });
    const closed = await send('GET', '/ca', { origin: 'https://evil.example' });
    expect(closed.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test.each([
    ['ca/0.1.0', 200],
    ['ca/0.1', 400],
    ['ca/a.b.c', 400],
    ['0.1.8', 400],
    ['ca/0.1.8.1', 400],
  ])('X-API-Version %s is answered with %d', async (version, status) => {
    const answer = await send('GET', '/ca', { 'x-api-version': version });
    expect([answer.status, answer.headers['x-api-version']]).toEqual([status, 'ca/0.1.8']);
  });
});

test('a removed customer can read nothing, although its token still exists', async () => {
  let customers = CUSTOMERS;
  front = await testFront({
    tokens: TOKENS,
    customers: { get: (id) => customers.get(id) },
  });
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const mine = '/ca/customers/acme/instrumentations';
  const question = { module: 'syscall', stat: 'syscalls' };
  expect((await front.ask('POST', mine, question, bearer('ac'))).status).toBe(201);
  customers = parseCustomers('{"customers":{"other":{"hosts":["n*"]}}}');
  for (const path of ['/ca/customers/acme', mine, `${mine}/1`, `${mine}/1/value/raw`]) {
    expect([path, (await front.ask('GET', path, undefined, bearer('ac'))).status]).toEqual([path, 403]);
  }
  expect((await front.ask('GET', `${mine}/1`, undefined, bearer('op'))).status).toBe(200);
});

test('an aggregator gets the secret before anything else', async () => {
  front = await testFront();
  await addAggregator(front.bus, 'a0');
  const told = front.bus.told.filter(({ to }) => to === aggregatorKey('a0'));
  expect(told[0]).toMatchObject({ type: 'front_door' });
  expect(front.bus.calls).toEqual([]);
});
