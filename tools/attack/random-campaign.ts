/*
 * Sends random requests through sockets to the front door and to an aggregator, and judges the answers. In: a system,
 * how many, a seed. Out: what must not have happened: an answer of 5xx, an answer of a resource to a client that may not
 * read it, a connection that outlives its time-outs.
 */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { directHeaders } from '../testing/direct';
import { randomFrom, randomRequest, type Random } from './random-request';
import { statusOf } from './raw';
import { TOKENS, type System } from './system';
import { CHECK_MS, REQUEST_MS } from '../../common/http/http';

export interface Campaign {
  readonly runs: number;
  readonly seed: number;
  /** Whether to wait until every connection that was left open is over (half a minute). */
  readonly untilClosed: boolean;
}

export interface Report {
  readonly findings: readonly string[];
  /** Number of answers by status; 0: closed without an answer. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Connections at a time that are waited for, and those that were left to the server's time-outs. */
const AT_ONCE = 16;
const LEFT_OPEN_MAX = 1500;
/** An answer begins within this, or the request was not complete. */
const ANSWER_MS = 400;
const SLACK_MS = 15_000;
const OVERDUE_MS = REQUEST_MS + CHECK_MS + SLACK_MS;

/** Words that occur only in one customer's instrumentations. */
const SECRETS = { operator: 'only-operators', acme: 'only-acme', rival: 'only-rival' };

export async function campaign(system: System, { runs, seed, untilClosed }: Campaign): Promise<Report> {
  const random = randomFrom(seed);
  const valid = await prepare(system);
  const findings: string[] = [];
  const statuses = new Map<number, number>();
  const open = new Set<OpenConnection>();
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < runs && findings.length < 10) {
      const run = sent++;
      const toAggregator = random() < 0.3;
      const bytes = randomRequest(random, toAggregator ? valid.aggregator : valid.door);
      while (open.size >= LEFT_OPEN_MAX) await pause(100);
      const connection = new OpenConnection(toAggregator ? system.aggregatorPort : system.port, bytes);
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      await connection.answered(ANSWER_MS);
      statuses.set(connection.status, (statuses.get(connection.status) ?? 0) + 1);
      connection.onEnd = () => {
        const why = toAggregator
          ? judgeAggregator(connection, bytes, valid.secret)
          : judgeDoor(connection, bytes.toString('latin1'));
        if (why !== undefined) findings.push(`request ${run} of seed ${seed}: ${why}: ${shown(bytes)}`);
      };
      if (shouldLeave(random, connection)) connection.end();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (untilClosed) {
    const deadline = Date.now() + OVERDUE_MS;
    while (open.size > 0 && Date.now() < deadline) await pause(200);
    for (const { bytes } of open) findings.push(`a connection is open after its time-out: ${shown(bytes)}`);
  }
  for (const connection of open) connection.end();
  return { findings, statuses };
}

/** Answered connections are closed; some are kept for the server to close. Those without an answer are always kept. */
function shouldLeave(random: Random, { status }: OpenConnection): boolean {
  return status !== 0 && random() < 0.7;
}

class OpenConnection {
  readonly bytes: Buffer;
  readonly closed: Promise<void>;
  onEnd: (() => void) | undefined;
  text = '';
  private readonly socket;
  private heard: () => void = () => undefined;
  private over = false;

  constructor(port: number, bytes: Buffer) {
    this.bytes = bytes;
    const socket = connect({ port, host: '127.0.0.1' });
    this.socket = socket;
    socket.on('data', (piece) => {
      if (this.text.length < 1_000_000) this.text += piece.toString('latin1');
      this.heard();
    });
    socket.on('error', () => undefined); // it closed while we were still sending
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.over = true;
        this.heard();
        resolve();
        this.onEnd?.();
      });
    });
    socket.write(bytes);
  }

  get status(): number {
    return statusOf(this.text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''));
  }

  async answered(withinMs: number): Promise<void> {
    if (this.over) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.heard = () => {
        if (this.over || this.status !== 0) resolve();
      };
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Judges by the bytes sent and received, without a parser. */
function judgeDoor({ text }: OpenConnection, sent: string): string | undefined {
  if (/HTTP\/1\.1 5\d\d/.test(text)) return text.slice(0, 200);
  const shows = (token: string): boolean => sent.includes(token);
  const isOperator = shows(TOKENS.operator);
  const may = {
    operator: isOperator,
    acme: isOperator || shows(TOKENS.acme),
    rival: isOperator || shows(TOKENS.rival),
  };
  for (const [who, secret] of Object.entries(SECRETS)) {
    if (text.includes(secret) && !may[who as keyof typeof may]) return `it read what belongs to ${who}`;
  }
  if (text.includes('"instrumenters"') && !isOperator) return 'it read the status';
  return judgePath(text, sent, isOperator || may.acme || may.rival);
}

function judgeAggregator({ text }: OpenConnection, bytes: Buffer, secret: string): string | undefined {
  if (/HTTP\/1\.1 5\d\d/.test(text)) return text.slice(0, 200);
  const sent = bytes.toString('latin1');
  return judgePath(text, sent, sent.includes(secret));
}

/** A success for a request line that is not plain, or without credentials for more than health. */
function judgePath(text: string, sent: string, knowsSomething: boolean): string | undefined {
  const good = /^HTTP\/1\.1 (200|201|204)/.exec(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''));
  if (good === null) return undefined;
  // Empty lines before a request are ignored (RFC 9112, section 2.2).
  const line = /^[\r\n]*([A-Z]+) +(\/[^\s?#%\\;]*)(\?[!-"$-~]*)? +HTTP\/1\.[01]\r\n/.exec(sent);
  const [, method, path = ''] = line ?? [];
  if (line === null || /\/\/|\/\.\.?(\/|$)/.test(path)) return `${good[0]} to a request line that is none`;
  const isOpen = method === 'OPTIONS' || /^\/(healthz|readyz)\/?$/.test(path);
  return isOpen || knowsSomething ? undefined : `${good[0]} without a token`;
}

async function prepare(system: System): Promise<{
  readonly door: readonly string[];
  readonly aggregator: readonly string[];
  readonly secret: string;
}> {
  const scopes = { operator: '/ca', acme: '/ca/customers/acme', rival: '/ca/customers/rival' };
  const uris = new Map<string, string>();
  for (const [who, secret] of Object.entries(SECRETS)) {
    const question = {
      module: 'syscall',
      stat: 'syscalls',
      decomposition: ['execname'],
      predicate: { eq: ['execname', secret] },
      'idle-max': 3600,
    };
    const scope = scopes[who as keyof typeof scopes];
    const { status, body, text } = await system.ask(
      TOKENS.operator,
      'POST',
      `${scope}/instrumentations`,
      question,
    );
    if (status !== 201) throw new Error(`cannot create: ${status} ${text}`);
    uris.set(who, (body as { uri: string }).uri);
  }
  const of = (who: string): string => uris.get(who) ?? '';
  const request = (line: string, token?: string, more: readonly string[] = [], body = ''): string =>
    [
      `${line} HTTP/1.1`,
      'Host: localhost',
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...more,
      ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
      '',
      body,
    ].join('\r\n');
  const json = ['Content-Type: application/json'];
  const door = [
    request('GET /healthz'),
    request('GET /'),
    request('GET /ca'),
    request(`GET ${of('operator')}`),
    request(`GET ${of('acme')}`),
    request('OPTIONS /ca/instrumentations'),
    request('GET /ca/instrumentations?all=true', TOKENS.operator),
    request('GET /ca/admin/status', TOKENS.operator),
    request(`GET ${of('operator')}/value/raw?timeout=0`, TOKENS.operator),
    request(`PUT ${of('operator')}`, TOKENS.operator, json, '{"retention-time":60}'),
    request('POST /ca/instrumentations', TOKENS.operator, json, '{"module":"nothing","stat":"nothing"}'),
    request('DELETE /ca/instrumentations/999', TOKENS.operator),
    request(`GET ${of('acme')}`, TOKENS.acme),
    request('GET /ca/customers/acme/instrumentations', TOKENS.acme),
    request(`GET ${of('acme')}/value/raw?timeout=0`, TOKENS.acme),
    request('GET /ca/instrumentations', TOKENS.acme),
    request(`GET ${of('rival')}`, TOKENS.acme),
    request('POST /ca/customers/rival/instrumentations', TOKENS.rival, json, '{"module":"syscall"}'),
    request('GET /page/page.js', TOKENS.rival),
  ];
  const [aggregator] = (await system.stack.status()).aggregators;
  if (aggregator === undefined) throw new Error('no aggregator is online');
  const own = directHeaders(system.home, aggregator);
  const shown = Object.entries(own).map((pair) => pair.join(': '));
  return {
    door,
    aggregator: [
      request('GET /healthz'),
      request('GET /ca/admin/status'),
      request(`GET ${of('operator')}/value/raw?timeout=0`),
      request(`GET ${of('operator')}/value/raw?timeout=0`, undefined, shown),
      request('GET /ca/admin/status', undefined, shown),
      request(`GET ${of('acme')}/value/raw?timeout=0`, TOKENS.acme),
    ],
    secret: Object.values(own)[0] ?? '',
  };
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1').slice(0, 400));
}
