import { gunzipSync } from 'node:zlib';
import { compressed, takesGzip } from './gzip';

const LONG = { text: 'x'.repeat(5000) };

test.each([
  ['gzip', true],
  ['deflate, gzip;q=0.5, br', true],
  ['*', true],
  ['GZIP', true],
  ['gzip;q=0, *', false],
  ['gzip; q=0.0', false],
  ['br', false],
  ['', false],
  [undefined, false],
])('%p accepts gzip: %p', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});

test('a long JSON answer comes back whole', async () => {
  const { bytes, headers, contentType } = await compressed({ json: LONG, headers: { ETag: '"1"' } }, 'gzip');
  expect(gunzipSync(bytes as Buffer).toString()).toBe(`${JSON.stringify(LONG)}\n`);
  expect([contentType, headers]).toEqual([
    'application/json',
    { ETag: 'W/"1"', Vary: 'Accept-Encoding', 'Content-Encoding': 'gzip' },
  ]);
});

test.each([
  ['short ones', { json: { a: 1 } }, 'gzip'],
  ['clients that do not say gzip', { json: LONG }, undefined],
  ['pictures', { bytes: Buffer.alloc(5000), contentType: 'image/png' }, 'gzip'],
  ['empty ones', { status: 204 }, 'gzip'],
])('%s are not compressed', async (_name, reply, accept) => {
  expect((await compressed(reply, accept)).headers?.['Content-Encoding']).toBeUndefined();
});
