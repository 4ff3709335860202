/*
 * Requests that no client should send to the front door, and the fate of their connections.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { broken, HELD, verdict, type Attack } from './attack';
import { raw, rawRequest } from './raw';
import { campaign } from './random-campaign';
import { TOKENS } from './system';

const BEARER = `Authorization: Bearer ${TOKENS.operator}`;

/** Ways out of a path that was admitted. */
const CLIMBING = [
  '/healthz/../ca/admin/status',
  '/healthz/%2e%2e/ca/admin/status',
  '/healthz/%2E./ca/admin/status',
  '/healthz%2f..%2fca/admin/status',
  '/healthz\\..\\ca\\admin\\status',
  '/healthz%5c..%5cca',
  '//ca/admin/status',
  '/healthz//../ca/admin/status',
  'http://localhost/ca/admin/status',
  '/healthz;/../ca/admin/status',
  '/healthz%00/ca',
  '/healthz%zz',
  '/healthz#/ca/admin/status',
  '/ca/customers/acme/../../instrumentations',
];

export const attacks: readonly Attack[] = [
  {
    area: 'door',
    name: 'H12-H20: no way of writing a path climbs out of the one that was admitted',
    async run({ port }) {
      const found: string[] = [];
      for (const path of CLIMBING) {
        for (const token of [[], [`Authorization: Bearer ${TOKENS.acme}`]]) {
          const { status } = await rawRequest(port, `GET ${path}`, ['Host: localhost', ...token]);
          if (![400, 401, 403, 404].includes(status)) found.push(`${path}: ${status}`);
        }
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'F6b: connections with Upgrade are answered, closed, and do not stay open',
    limitMs: 60_000,
    async run({ port }) {
      const found: string[] = [];
      for (const protocol of ['h2c', 'websocket', 'x']) {
        const { status, closed } = await raw(
          port,
          `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
        );
        if (status !== 200 || !closed) found.push(`${protocol}: ${status}, closed: ${closed}`);
      }
      const sockets: Socket[] = [];
      for (let i = 0; i < 300; i++) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(
          'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 9\r\n\r\n',
        );
        sockets.push(socket);
      }
      // Nothing more is sent: 30 s is the time for a whole request.
      await pause(100);
      const first = Date.now();
      while (sockets.some((socket) => !socket.closed) && Date.now() - first < 45_000) {
        for (const socket of sockets) socket.read();
        await pause(500);
      }
      const open = sockets.filter((socket) => !socket.closed).length;
      if (open > 0) found.push(`${open} of 300 connections are open after 45 s`);
      for (const socket of sockets) socket.destroy();
      return verdict(found);
    },
    beside: true,
  },
  {
    area: 'door',
    name: 'H21: CONNECT and TRACE are refused, and the connection ends',
    async run({ port, aggregatorPort }) {
      for (const at of [port, aggregatorPort]) {
        for (const line of ['CONNECT localhost:22', 'CONNECT /ca', 'TRACE /ca', 'TRACE /healthz']) {
          const { status, closed } = await rawRequest(at, line, [
            'Host: localhost',
            BEARER,
            'Max-Forwards: 0',
          ]);
          if (![400, 404, 405].includes(status) || !closed)
            return broken(`${line}: ${status}, closed: ${closed}`);
        }
      }
      return HELD;
    },
  },
  {
    area: 'door',
    name: 'H22: a method that a header names is not done',
    async run({ port, ask, create }) {
      const uri = await create(TOKENS.operator, '/ca', { module: 'syscall', stat: 'syscalls' });
      for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
        await rawRequest(port, `POST ${uri}`, [
          'Host: localhost',
          BEARER,
          `${header}: DELETE`,
          'Content-Length: 0',
        ]);
        await rawRequest(port, `GET ${uri}?_method=DELETE`, ['Host: localhost', BEARER, `${header}: DELETE`]);
      }
      const { status } = await ask(TOKENS.operator, 'GET', uri);
      return status === 200 ? HELD : broken(`it answers ${status}`);
    },
  },
  {
    area: 'door',
    name: 'H23, H24: a body above its limit is 413, said or streamed',
    async run({ port }) {
      const head = `POST /ca/instrumentations HTTP/1.1\r\nHost: localhost\r\n${BEARER}\r\nContent-Type: application/json\r\n`;
      const said = await raw(port, `${head}Content-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`);
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      const streamed = await raw(
        port,
        `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(640)}0\r\n\r\n`,
        8000,
      );
      // 0: it closed while we were still sending, and the answer in transit was lost.
      return verdict(
        [said, streamed]
          .filter(({ status }) => status !== 413 && status !== 0)
          .map(({ status }) => `${status}`),
      );
    },
  },
  {
    area: 'door',
    name: 'H25-H28: no name of JavaScript’s own is a property, an id or a field',
    async run({ ask }) {
      const found: string[] = [];
      const bodies = [
        '{"__proto__":{"module":"syscall"},"stat":"syscalls"}',
        '{"module":"__proto__","stat":"constructor"}',
        '{"module":"syscall","stat":"syscalls","decomposition":["__proto__"]}',
        '{"module":"syscall","stat":"syscalls","predicate":{"__proto__":["execname","x"]}}',
        '{"module":"syscall","stat":"syscalls","predicate":{"eq":["constructor","x"]}}',
        `{"module":"syscall","stat":"syscalls","predicate":${'{"and":['.repeat(3000)}`,
        `${'['.repeat(30_000)}`,
      ];
      for (const text of bodies) {
        const { status } = await ask(TOKENS.operator, 'POST', '/ca/instrumentations', JSON.parse(safe(text)));
        if (status !== 400) found.push(`${text.slice(0, 60)}: ${status}`);
      }
      for (const id of ['01', '1e0', '__proto__', 'constructor', '0', '-1', '1.0', '9'.repeat(30)]) {
        const { status } = await ask(TOKENS.operator, 'GET', `/ca/instrumentations/${id}`);
        if (status !== 404) found.push(`id ${id}: ${status}`);
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'H31: requests that two servers would read in two ways are refused',
    async run({ port }) {
      const hidden = 'GET /ca/admin/status HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const found: string[] = [];
      for (const framing of [
        'Content-Length: 5\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 5',
        `Content-Length: 0\r\nContent-Length: ${hidden.length}`,
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding: chunked, identity',
        'Content-Length: +0',
        'X: y\nTransfer-Encoding: chunked',
      ]) {
        const { text, status } = await raw(
          port,
          `POST /healthz HTTP/1.1\r\nHost: localhost\r\n${BEARER}\r\n${framing}\r\n\r\n0\r\n\r\n${hidden}`,
          1500,
        );
        if (status < 400 || text.includes('"instrumenters"')) found.push(`${framing}: ${status}`);
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'H32: headers of 15 kB cost others no time',
    async run({ port, ask }) {
      const slow = [
        `a${' '.repeat(15_000)}b`,
        ` ;${' ;'.repeat(7000)}`,
        ','.repeat(15_000),
        'W/'.repeat(7000),
      ];
      const names = [
        'Accept-Encoding',
        'Accept',
        'If-None-Match',
        'Authorization',
        'Connection',
        'X-Forwarded-For',
      ];
      const flood = slow.flatMap((value) =>
        names.map((name) =>
          rawRequest(port, 'GET /ca', ['Host: localhost', BEARER, `${name}: ${value}`], ''),
        ),
      );
      const began = performance.now();
      await ask(TOKENS.operator, 'GET', '/ca/instrumentations');
      const ms = performance.now() - began;
      await Promise.all(flood);
      return ms < 1500 ? HELD : broken(`another request took ${ms.toFixed(0)} ms`);
    },
  },
  {
    area: 'door',
    name: 'H29: floods of headers are refused',
    async run({ port }) {
      const lines = Array.from({ length: 500 }, (_, i) => `X-${i}: a`);
      const many = await rawRequest(port, 'GET /ca', ['Host: localhost', ...lines]);
      const long = await rawRequest(port, 'GET /ca', ['Host: localhost', `X-Long: ${'a'.repeat(20_000)}`]);
      return verdict([many, long].filter(({ status }) => status !== 431).map(({ status }) => String(status)));
    },
  },
  {
    area: 'door',
    name: 'every answer says that nothing in it runs, is sniffed, framed or kept',
    async run({ port, ask }) {
      const found: string[] = [];
      for (const path of ['/', '/ca', '/ca/docs', '/nowhere', '/page/page.js', '/healthz']) {
        for (const token of [undefined, TOKENS.operator]) {
          const { headers } = await ask(token, 'GET', path);
          const policy = headers.get('content-security-policy') ?? '';
          if (!policy.includes("frame-ancestors 'none'") || !policy.includes('default-src'))
            found.push(`${path}: no policy`);
          if (headers.get('x-content-type-options') !== 'nosniff') found.push(`${path}: no nosniff`);
          if (!/no-store|no-cache/.test(headers.get('cache-control') ?? '')) found.push(`${path}: kept`);
        }
      }
      const { text } = await rawRequest(port, 'GET /%2e', ['Host: localhost']);
      if (!/content-security-policy/i.test(text)) found.push('a path that does not exist: no policy');
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: '1,500 random requests, half of them nearly valid',
    limitMs: 60_000,
    async run(system) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { findings } = await campaign(system, { runs: 1500, seed, untilClosed: false });
      return verdict(findings);
    },
  },
];

/** A body that cannot be parsed is sent as a text, which is not an object either. */
function safe(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
