import fc from 'fast-check';
import { METHODS, readTarget, type Target } from './target';

const request = (url: string, host = 'localhost', method = 'GET', more: readonly string[] = []): Target =>
  readTarget({ httpVersion: '1.1', method, url, headers: { host }, rawHeaders: ['Host', host, ...more] });

test.each([
  ['/', { path: '/', search: '' }],
  ['/ca', { path: '/ca', search: '' }],
  ['/ca/', { path: '/ca', search: '' }],
  ['/?a=1', { path: '/', search: 'a=1' }],
  ['/ca/x-1/a.b.png?q=%2f..&r=/../?x', { path: '/ca/x-1/a.b.png', search: 'q=%2f..&r=/../?x' }],
])('%s is parsed without changes', (url, expected) => {
  expect(request(url)).toMatchObject(expected);
});

test.each([
  '',
  '*',
  'ca',
  '//',
  '//ca',
  '/ca//x',
  '/ca/..',
  '/ca/.',
  '/ca/.x',
  '/ca/x.',
  '/ca/a..b',
  '/ca/%2e%2e',
  '/ca/%31',
  '/ca\\x',
  '/ca;x',
  '/ca#x',
  '/ca x',
  '/ca/\u00e9',
  '/ca/\u0000',
  'http://localhost/ca',
  'localhost:80',
  `/${'a'.repeat(2000)}`,
])('%j is not a path', (url) => {
  expect(() => request(url)).toThrow('no such thing');
});

test.each(['#', ' ', '\u00e9', '\u007f', '\t', '\u0000'])('a query with %j is refused', (text) => {
  expect(() => request(`/ca?x=${text}`)).toThrow('percent-encoded');
});

test.each([
  ['localhost', 'localhost'],
  ['LOCALHOST:80', 'localhost'],
  ['localhost:', 'localhost'],
  ['127.0.0.1:23181', '127.0.0.1'],
  ['[::1]', '::1'],
  ['[fe80::1]:65535', 'fe80::1'],
  ['a_b.example.', 'a_b.example.'],
  ['', ''],
])('Host %j names %j', (host, name) => {
  expect(request('/', host).host).toBe(name);
});

test.each([
  'localhost:99999',
  'localhost:65536',
  'localhost:x',
  'localhost:80:80',
  ':80',
  '[::1]x',
  '[::1',
  '[]',
  '[::1]:99999',
  '[1.2.3.4]',
  '[fe80::1%eth0]',
  'fe80::1%eth0',
  '::1',
  'x<y.localhost',
  'a b',
  'a/b',
  'x/ca/admin/status?.localhost',
  'user@localhost',
  'localhost#',
  'localhost,localhost',
  '.localhost',
  'a'.repeat(300),
])('Host %j is refused', (host) => {
  expect(() => request('/', host)).toThrow('Host');
});

test('a request with two Hosts is refused: a proxy before us may have used the other one', () => {
  for (const name of ['Host', 'host', 'HOST']) {
    expect(() => request('/', 'localhost', 'GET', [name, 'localhost'])).toThrow('once');
  }
});

test('a method that no route has is refused, with a list of allowed methods', () => {
  for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'get', '']) {
    expect(() => request('/', 'localhost', method)).toThrow(
      expect.objectContaining({ code: 'METHOD_NOT_ALLOWED', allow: METHODS }) as Error,
    );
  }
});

test.each(['0.9', '1.2', '2.0', '9.9', ''])('HTTP/%s is refused', (httpVersion) => {
  const head = { method: 'GET', url: '/', headers: { host: 'a' }, rawHeaders: ['Host', 'a'] };
  expect(() => readTarget({ ...head, httpVersion })).toThrow('HTTP version must be 1.0 or 1.1');
});

test('more than a hundred header lines are refused', () => {
  const lines = (count: number): string[] => Array.from({ length: 2 * count }, (_, i) => `x-${i}`);
  expect(() => request('/', 'localhost', 'GET', lines(99))).not.toThrow();
  expect(() => request('/', 'localhost', 'GET', lines(100))).toThrow('header lines');
});

/** Characters with a special meaning, more often than others. */
const text = fc
  .array(fc.constantFrom(...'/.:?#%\\@[]&=;,-_~ aAz09\u00e9\u0000<>"'.split('')), { maxLength: 30 })
  .map((letters) => letters.join(''));

test('the admitted target is the one that every URL parser finds', () => {
  fc.assert(
    fc.property(text, text, fc.boolean(), (rest, hostText, free) => {
      const host = free ? hostText : 'localhost';
      let target: Target;
      try {
        target = request(`/${rest}`, host);
      } catch (error) {
        // Only our own errors: any other would end the process.
        expect((error as Error).name).toBe('CaError');
        return;
      }
      const parsed = new URL(`http://localhost${target.path}?${target.search}`);
      expect(parsed.pathname).toBe(target.path);
      expect(`/${rest}`.startsWith(target.path)).toBe(true);
    }),
    { numRuns: Number(process.env['CA_FUZZ_RUNS'] ?? 5000) },
  );
});
