/*
 * Random requests, as bytes. In: a seed and valid requests. Out: half of them mutations of valid ones, half
 * built from pieces that mean something to one parser or another. The same seed makes the same requests.
 */

export type Random = () => number;

/** mulberry32: 32 bits of state are enough for bytes, and it is the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  '',
];
const HOSTS = [
  'localhost',
  '127.0.0.1:80',
  '[::1]',
  'localhost:99999',
  '[::1]x',
  'x<y.localhost',
  'fe80::1%eth0',
  'x/ca/admin/status?.localhost',
  'x/ca/instrumentations?.localhost',
  'x\\ca\\instrumentations?.localhost',
  'user@localhost',
  'localhost#',
  'evil.example',
  '',
  'a'.repeat(300),
];
const PATHS = [
  '/healthz',
  '/readyz',
  '/',
  '/ca',
  '/ca/admin/status',
  '/ca/instrumentations',
  '/ca/instrumentations/1',
  '/ca/instrumentations/1/value/raw?timeout=0',
  '/ca/customers/acme/instrumentations',
  '/ca/customers/rival/instrumentations/1',
  '/ca/openapi.json',
  '/page/page.js',
  '/healthz/../ca/admin/status',
  '/healthz/%2e%2e/ca/admin/status',
  '/healthz\\..\\ca\\admin\\status',
  '//ca/admin/status',
  '/healthz?/../ca/admin/status',
  '/healthz#/ca',
  '/healthz;/ca',
  'http://localhost/ca/admin/status',
  '*',
  'localhost:80',
  '/%00',
  '/ca/%69nstrumentations',
  '/__proto__/constructor',
  `/${'a/'.repeat(300)}`,
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', ''];
const HEADERS = [
  'Connection: close',
  'Connection: keep-alive, Host',
  'Connection: x-ca-front-door',
  'Connection: Upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Expect: everything',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Type: application/json',
  'Content-Type: application/x-www-form-urlencoded',
  `Accept-Encoding: a${' '.repeat(8000)}b`,
  `Accept: ${'image/png;'.repeat(300)}`,
  'Accept: image/png',
  'If-None-Match: *',
  `If-None-Match: ${'W/"a",'.repeat(500)}`,
  'Authorization: Basic Og==',
  `Authorization: Bearer ${' '.repeat(2000)}x`,
  'Origin: http://evil.example',
  'Origin: null',
  'Sec-Fetch-Site: cross-site',
  'X-API-Version: ca/0.1.8',
  'X-API-Version: 9',
  'X-Forwarded-For: 127.0.0.1',
  'X-HTTP-Method-Override: DELETE',
  'X-Ca-Instn-Shape: number',
  'X-Ca-Instn-Granularity: 1',
  'X-Original-URL: /ca/admin/status',
  'x-ca-front-door: guess',
  '__proto__: x',
  'Host : localhost',
  ' folded: line',
  'no colon',
  ': no name',
];
const BODIES = [
  '',
  'hello',
  '{}',
  '{"module":"syscall"}',
  '[[[[[[',
  'a=1&b=2',
  '5\r\nhello\r\n0\r\n\r\n',
  'zz\r\n',
  'GET /ca/admin/status HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '0\r\n\r\nGET /ca/instrumentations HTTP/1.1\r\nHost: localhost\r\n\r\n',
];
/** Put into valid requests, anywhere. */
const INSERTS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '/',
  '..',
  '/../',
  '%2e',
  '%00',
  '%',
  '#',
  '?',
  ':',
  '@',
  '\\',
  ';',
  ',',
  '\x7f',
  '\xff',
  '\xc3\xa9',
  '<>"',
  'HTTP/1.1',
  'a'.repeat(500),
];

export function randomRequest(random: Random, valid: readonly string[]): Buffer {
  const text = random() < 0.5 ? mutated(random, pick(random, valid)) : composed(random);
  return Buffer.from(text, 'latin1');
}

/** Mostly one odd piece each: with many, the first is refused and the others are never parsed. */
function composed(random: Random): string {
  const odd = (): boolean => random() < 0.3;
  const line = [
    odd() ? pick(random, METHODS) : 'GET',
    pick(random, PATHS),
    odd() ? pick(random, VERSIONS) : 'HTTP/1.1',
  ].join(' ');
  const hosts = Array.from(
    { length: odd() ? Math.floor(random() * 3) : 1 },
    () => `Host: ${odd() ? pick(random, HOSTS) : 'localhost'}`,
  );
  const headers = Array.from({ length: Math.floor(random() * 4) }, () => pick(random, HEADERS));
  const end = random() < 0.95 ? '\r\n' : '\n';
  return [line, ...shuffled(random, [...hosts, ...headers]), '', odd() ? pick(random, BODIES) : ''].join(end);
}

function mutated(random: Random, text: string): string {
  let result = text;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) result = mutatedOnce(random, result);
  return result;
}

function mutatedOnce(random: Random, text: string): string {
  // More often near the beginning, where the request line and Host stand.
  const at = Math.floor(text.length * random() ** 2);
  const lines = text.split('\r\n');
  const line = Math.floor(random() * lines.length);
  switch (Math.floor(random() * 8)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 4));
    case 2:
    case 3:
      return text.slice(0, at) + pick(random, INSERTS) + text.slice(at);
    case 4:
      return [...lines.slice(0, line), lines[line] ?? '', ...lines.slice(line)].join('\r\n');
    case 5:
      return [...lines.slice(0, 1), pick(random, HEADERS), ...lines.slice(1)].join('\r\n');
    case 6:
      return text.replace(/Host: .*/, () => `Host: ${pick(random, HOSTS)}`);
    default:
      return lines.filter((_, i) => i !== line).join('\r\n');
  }
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function shuffled<T>(random: Random, from: readonly T[]): T[] {
  return from
    .map((one) => [random(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
