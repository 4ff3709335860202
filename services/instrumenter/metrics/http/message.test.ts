import fc from 'fast-check';
import { prefixOf } from './message';

test.each([
  ['GET / HTTP/1.1\r\nHost: a', '/'],
  ['GET /a/b/c HTTP/1.1', '/a/b/c'],
  ['GET /a/b/c/d HTTP/1.1', '/a/b/c/…'],
  ['GET /users/17/cart?secret=1 HTTP/1.1', '/users/*/cart'],
  ['DELETE /o/3f2504e0-4f89-41d3-9a0c-0305e82c3301 HTTP/1', '/o/*'],
  ['GET /static/ HTTP/1.1', '/static/'],
  ['GET /a%00/b\x01\xff HTTP/1.1', '/a%00/b??'],
  ['GET /this/path/is-cut-within-its-third-name-and-not-shown', '/this/path/…'],
  ['GET /x'.padEnd(56, 'x'), '/…'],
  ['', '/'],
])('%j is of %s', (head, prefix) => {
  expect(prefixOf(head)).toBe(prefix);
});

test('whatever is sent, a prefix is short, printable, without a query, and not deeper than three names', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 56 }), (rest) => {
      const prefix = prefixOf(`POST /${Buffer.from(rest).toString('latin1')}`.slice(0, 56));
      expect(prefix).toMatch(/^\/[!-~]*…?$/);
      expect(prefix).not.toMatch(/[?#] /);
      expect(prefix.split('/').length).toBeLessThanOrEqual(5);
    }),
  );
});

test('of a path that is cut no part of a name is shown', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z/]{0,120}$/), (path) => {
      const whole = `GET /${path} HTTP/1.1`;
      const names = path.split('/');
      for (const name of prefixOf(whole.slice(0, 56)).split('/').slice(1))
        if (name !== '…') expect([...names, '*']).toContain(name);
    }),
  );
});
