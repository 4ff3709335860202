import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SILENT } from '../../../common/service/log';
import { readSettings } from '../../../common/service/settings';
import { readAccess } from '../door/access';
import { pairAddress } from './pair';
import { readStateUrl } from './postgres';
import { openStandby } from './standby';

describe('CA_STATE', () => {
  test.each([
    undefined,
    '',
    'postgres://ca@localhost/ca',
    'postgresql://127.0.0.1/ca',
    'postgres:///ca?host=/run/postgresql',
    'postgres://ca:pw@db.example/ca?sslmode=verify-full',
  ])('%s is taken', (text) => {
    expect(readStateUrl(text)).toBe(text === '' ? undefined : text);
  });
  test.each([
    ['file:///var/lib/ca', 'must be the URL of a PostgreSQL database'],
    ['db.example', 'must be the URL of a PostgreSQL database'],
    ['postgres://ca:pw@db.example/ca', 'must not travel in the open'],
    ['postgres://ca:pw@db.example/ca?sslmode=require', 'must not travel in the open'],
    ['postgres://ca:pw@10.0.0.7/ca?sslmode=prefer', 'must not travel in the open'],
  ])('%s is refused', (text, why) => {
    expect(() => readStateUrl(text)).toThrow(why);
    expect(() => readStateUrl(text)).not.toThrow('pw');
  });
});

describe('the address for the other', () => {
  const addressOf = (env: Record<string, string>): string =>
    pairAddress(env, { ...readAccess({}, 'box'), bind: env['CA_BIND'] ?? '127.0.0.1' }, readSettings(env));
  test('is where the front door listens', () => {
    expect(addressOf({})).toBe('http://127.0.0.1:23181');
    expect(addressOf({ CA_BIND: '::1', CA_HTTP_PORT: '99' })).toBe('http://[::1]:99');
    expect(addressOf({ CA_BIND: '0.0.0.0', CA_PAIR_ADDRESS: 'https://ca1:23181' })).toBe('https://ca1:23181');
  });
  test.each([
    [{ CA_BIND: '0.0.0.0' }, 'CA_PAIR_ADDRESS must be the URL'],
    [{ CA_BIND: '::' }, 'CA_PAIR_ADDRESS must be the URL'],
    [{ CA_PAIR_ADDRESS: 'ca1' }, 'without a path'],
    [{ CA_PAIR_ADDRESS: 'https://ca1/x' }, 'without a path'],
    [{ CA_PAIR_ADDRESS: 'http://ca1.example' }, 'must begin with https://'],
    [{ LISTEN_FDS: '1' }, 'opens its port itself'],
  ])('%j is refused', (env, why) => {
    expect(() => addressOf(env)).toThrow(why);
  });
});

describe('the second of a pair', () => {
  const asked: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const first = createServer((incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    incoming.on('end', () => {
      asked.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body });
      outgoing.writeHead(201, {
        'Content-Type': 'application/json',
        ETag: '"x"',
        Connection: 'X-Hop',
        'X-Hop': '1',
      });
      outgoing.end('{"a":1}');
    });
  });
  let active: string | undefined;
  let url: string;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    first.listen(0, '127.0.0.1');
    await once(first, 'listening');
    const server = await openStandby({
      host: '127.0.0.1',
      port: 0,
      certificate: undefined,
      gate: () => undefined,
      log: SILENT,
      active: () => active,
      authority: () => undefined,
      trouble: () => undefined,
    });
    url = `http://127.0.0.1:${server.port}`;
    stop = () => server.close();
  });
  afterAll(async () => {
    await stop();
    first.close();
    first.closeAllConnections();
  });
  beforeEach(() => {
    active = `http://127.0.0.1:${(first.address() as AddressInfo).port}`;
    asked.length = 0;
  });

  test('passes requests on whole, and answers back, but for what belongs to one connection', async () => {
    const answer = await fetch(`${url}/ca/x?y=%20z`, {
      method: 'POST',
      body: '{"q":1}',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t', te: 'trailers' },
    });
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([201, '"x"', '{"a":1}']);
    expect(answer.headers.has('x-hop')).toBe(false);
    const [{ method, url: path, headers, body } = { headers: {} as IncomingHttpHeaders }] = asked;
    expect([method, path, body]).toEqual(['POST', '/ca/x?y=%20z', '{"q":1}']);
    expect(headers).toMatchObject({
      authorization: 'Bearer t',
      'content-length': '7',
      'x-ca-passed-on': '1',
    });
    expect(headers).not.toHaveProperty('te');
  });

  test('says so when nobody is active, or who should be is not', async () => {
    active = undefined;
    const nobody = await fetch(`${url}/ca`);
    expect([nobody.status, nobody.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    active = 'http://127.0.0.1:1';
    expect([(await fetch(`${url}/ca`)).status, (await fetch(`${url}/readyz`)).status]).toEqual([503, 200]);
  });

  test('does not pass a request round in a circle', async () => {
    active = url;
    expect((await fetch(`${url}/ca`)).status).toBe(503);
    expect((await fetch(`${url}/ca`, { headers: { 'x-ca-passed-on': '1' } })).status).toBe(503);
  });
});
