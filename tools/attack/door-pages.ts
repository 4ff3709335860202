/*
 * Foreign pages in an operator's browser, and clients that guess tokens.
 */
import { broken, HELD, verdict, type Attack } from './attack';
import { rawRequest } from './raw';
import { TOKENS } from './system';
import { overTls } from './tls';

const BEARER = `Authorization: Bearer ${TOKENS.operator}`;
const MARK = 'foreign-page';
const QUESTION = `{"module":"syscall","stat":"syscalls","predicate":{"eq":["execname","${MARK}"]}}`;

export const attacks: readonly Attack[] = [
  {
    area: 'door',
    name: 'H6-H9b: a page of another origin changes nothing, with or without Origin',
    async run({ port, ask }) {
      const found: string[] = [];
      for (const header of [
        'Origin: http://evil.example',
        'Origin: null',
        'Origin: http://localhost:1',
        'Origin: https://localhost.evil.example',
        'Sec-Fetch-Site: cross-site',
        'Sec-Fetch-Site: same-site',
      ]) {
        for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
          const headers = [
            'Host: localhost',
            BEARER,
            header,
            `Content-Type: ${type}`,
            `Content-Length: ${QUESTION.length}`,
          ];
          const { status } = await rawRequest(port, 'POST /ca/instrumentations', headers, QUESTION);
          if (status !== 403) found.push(`${header}, ${type}: ${status}`);
        }
      }
      const { text } = await ask(TOKENS.operator, 'GET', '/ca/instrumentations');
      return text.includes(MARK) ? broken('it created an instrumentation') : verdict(found);
    },
  },
  {
    area: 'door',
    name: 'H10, H11: a page of another origin reads nothing',
    async run({ port }) {
      for (const line of ['GET /ca', 'OPTIONS /ca/instrumentations']) {
        const { text } = await rawRequest(port, line, [
          'Host: localhost',
          BEARER,
          'Origin: http://evil.example',
        ]);
        if (/access-control-allow/i.test(text)) return broken(`${line} allows it`);
      }
      return HELD;
    },
  },
  {
    area: 'door',
    name: 'A1: guessing tokens is slowed down, an address that a client invents does not help, a right token goes on working',
    async run({ port, ask }) {
      const statuses: number[] = [];
      for (let i = 0; i < 12; i++) {
        const headers = [
          'Host: localhost',
          `Authorization: Bearer guess${i}`,
          `X-Forwarded-For: 10.0.0.${i}`,
        ];
        statuses.push((await rawRequest(port, 'GET /ca', headers)).status);
      }
      if (!statuses.includes(429)) return broken(`statuses: ${statuses.join(' ')}`);
      const { status } = await ask(TOKENS.operator, 'GET', '/ca');
      return status === 200 ? HELD : broken(`a right token: ${status}`);
    },
  },
  {
    area: 'door',
    name: 'A2-A5: a token counts in Authorization alone, written in one way',
    async run({ port }) {
      const token = TOKENS.operator;
      const found: string[] = [];
      for (const [line, header] of [
        [`GET /ca?token=${token}`, 'X: y'],
        [`GET /ca?access_token=${token}`, 'X: y'],
        ['GET /ca', `Cookie: token=${token}`],
        ['GET /ca', `Authorization: ${token}`],
        ['GET /ca', `Authorization: Token ${token}`],
        ['GET /ca', `Authorization: Bearer ${token} x`],
        ['GET /ca', `Authorization: Bearer x ${token}`],
        ['GET /ca', `Authorization: Basic ${token}`],
        ['GET /ca', `X-Authorization: Bearer ${token}`],
        ['GET /ca', `Proxy-Authorization: Bearer ${token}`],
        ['GET /ca', `Authorization: Bearer ${token.toUpperCase()}`],
        ['GET /ca', `Authorization: Bearer ${token.slice(0, -1)}`],
      ] as const) {
        const { status } = await rawRequest(port, line, ['Host: localhost', header]);
        if (status !== 401 && status !== 429)
          found.push(`${line.slice(0, 20)} ${header.slice(0, 30)}: ${status}`);
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'T27: a browser is asked for a token in a way that it understands: Basic in a line of its own, first',
    async run({ port }) {
      const { text } = await rawRequest(port, 'GET /', ['Host: localhost']);
      const lines = [...text.matchAll(/^www-authenticate: (\w+)([^\r]*)/gim)].map(
        ([, scheme, rest]) => `${scheme}${rest?.includes(', Bearer') === true ? '+' : ''}`,
      );
      return lines.join(' ') === 'Basic Bearer' ? HELD : broken(`lines: ${lines.join(' ')}`);
    },
  },
  {
    area: 'door',
    name: 'T28: over TLS, browsers come back over TLS alone; CBC and old versions are refused',
    limitMs: 40_000,
    run: overTls,
  },
];
