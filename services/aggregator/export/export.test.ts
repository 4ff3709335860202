import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { toText } from '../../../common/prometheus/metrics/text';
import { SILENT } from '../../../common/service/log';
import { HEAT, instrumentation, NOW, serveValues } from '../testing/test-values';
import { Delivery, type Receiver } from './delivery';
import { readPush } from './push-settings';
import { WaysOut } from './ways-out';

const values = serveValues();
const EXPORTED: Instrumentation = { ...HEAT, export: { prometheus: { keys: 2 } } };

/** Passes seconds, each with a report of `rows`. */
function pass(
  ways: WaysOut,
  seconds: number,
  rows: (s: number) => Record<string, number[]> | undefined,
): void {
  for (let s = 0; s < seconds; s++) {
    const second = values.now / 1000;
    values.now += 1000;
    const own = rows(s);
    if (own !== undefined) values.reportDisks('a', second, own);
    ways.tick(values.aggregator.all, values.now);
  }
}

const textOf = (ways: WaysOut): string => toText(ways.families(0), 'prometheus');
const countOf = (ways: WaysOut, key: string): number =>
  Number(
    new RegExp(`_count\\{id="2",disk="${key.replace(/[()]/g, '\\$&')}"\\} (\\d+)`).exec(textOf(ways))?.[1] ??
      -1,
  );

test('counters grow by the counts of each second, for the largest keys and for the rest together', async () => {
  const ways = new WaysOut(readPush({}), 'a0', SILENT);
  await values.own(EXPORTED, ['a']);
  pass(ways, 1, () => ({}));
  pass(ways, 3, () => ({ a: [400, 1], b: [400, 5], c: [400, 3], d: [400, 2] }));
  expect([countOf(ways, 'b'), countOf(ways, 'c'), countOf(ways, '(other)'), countOf(ways, 'a')]).toEqual([
    15, 9, 9, -1,
  ]);
  pass(ways, 2, () => undefined);
  expect(countOf(ways, 'b')).toBe(15);
});

test('an idle key gives its place to another, which states its start time', async () => {
  const ways = new WaysOut(readPush({}), 'a0', SILENT);
  await values.own(EXPORTED, ['a']);
  pass(ways, 1, () => ({}));
  pass(ways, 1, () => ({ a: [400, 1], b: [400, 1] }));
  pass(ways, 320, () => ({ a: [400, 1], c: [400, 1] }));
  expect(countOf(ways, 'b')).toBe(-1);
  expect(countOf(ways, 'c')).toBeGreaterThan(0);
  const created = toText(ways.families(0), 'openmetrics');
  expect(created).toMatch(new RegExp(`_created\\{id="2",disk="a"\\} ${NOW + 1}\\n`));
  expect(Number(/_created\{id="2",disk="c"\} (\d+)/.exec(created)?.[1])).toBeGreaterThan(NOW + 300);
});

test('a report that comes after its second was exported is counted as late', async () => {
  const ways = new WaysOut(readPush({}), 'a0', SILENT);
  await values.own(EXPORTED, ['a']);
  pass(ways, 20, () => ({ a: [400, 1] }));
  values.reportDisks('b', values.now / 1000 - 8, { a: [400, 7] });
  pass(ways, 1, () => ({ a: [400, 1] }));
  expect(textOf(ways)).toContain('ca_export_reports_late_total{way="metrics"} 1\n');
});

test('instrumentations without export are absent', async () => {
  const ways = new WaysOut(readPush({}), 'a0', SILENT);
  await values.own(HEAT, ['a']);
  pass(ways, 3, () => ({ a: [400, 1] }));
  expect(textOf(ways)).not.toContain('disk_physio');
});

interface Got {
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

describe('with a receiver', () => {
  let server: Server;
  let got: Got[];
  /** Answers in turn; then 200. */
  let answers: { status: number; headers?: Record<string, string>; text?: string }[];
  let url: string;
  beforeEach(async () => {
    got = [];
    answers = [];
    server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        const sent = Buffer.concat(pieces);
        const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString(
          'latin1',
        );
        got.push({ url: request.url ?? '', headers: request.headers, body });
        const { status, headers = {}, text = '{}' } = answers.shift() ?? { status: 200 };
        response.writeHead(status, headers);
        response.end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const until = async (isTrue: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !isTrue(); i++) await pause(10);
    expect(isTrue()).toBe(true);
  };
  const delivery = (change: Partial<Receiver> = {}): Delivery =>
    new Delivery(
      {
        name: 'test',
        url: new URL(url),
        headers: { A: 'b' },
        again: (status) => status >= 500,
        refused: () => undefined,
        ...change,
      },
      SILENT,
      { pauseMs: 5, pauseMsMax: 20, answerMs: 1000, bytes: 100 },
    );

  test('bodies arrive in order, once each, also when the receiver fails in between', async () => {
    answers = [{ status: 500 }, { status: 503 }];
    const out = delivery();
    for (const body of ['one', 'two', 'three']) out.put(Buffer.from(body), 10);
    await until(() => out.counts.sent === 30);
    expect(got.map(({ body }) => body)).toEqual(['one', 'one', 'one', 'two', 'three']);
    expect(out.counts).toMatchObject({ retries: 2, lost: { queue_full: 0, refused: 0 } });
    expect(got[0]?.headers['a']).toBe('b');
  });

  test('Retry-After is obeyed', async () => {
    answers = [{ status: 503, headers: { 'Retry-After': '1' } }];
    const out = delivery();
    const began = performance.now();
    out.put(Buffer.from('x'), 1);
    await until(() => out.counts.sent === 1);
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  test('a refused body is counted and not sent again', async () => {
    answers = [{ status: 400 }, { status: 415 }];
    const out = delivery();
    out.put(Buffer.from('x'), 3);
    out.put(Buffer.from('y'), 4);
    out.put(Buffer.from('z'), 5);
    await until(() => out.counts.sent === 5);
    expect(got).toHaveLength(3);
    expect(out.counts.lost).toEqual({ queue_full: 0, refused: 3, not_understood: 4 });
  });

  test('while a receiver is away the queue is bounded, and the oldest are dropped first', async () => {
    server.close();
    server.closeAllConnections();
    const out = delivery();
    for (let i = 0; i < 10; i++) out.put(Buffer.alloc(30), 1);
    await pause(100);
    expect(out.bytes).toBeLessThanOrEqual(100);
    expect(out.counts.lost.queue_full).toBe(7);
    out.close();
    expect(out.counts.lost.queue_full).toBe(10);
  });

  test('with CA_PUSH_ALL every instrumentation is pushed until it ends, and refused points are counted', async () => {
    answers = [{ status: 200, text: '{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"no"}}' }];
    const ways = new WaysOut(
      readPush({ CA_PUSH_OTLP: url, CA_PUSH_ALL: '1', CA_PUSH_TEMPORALITY: 'delta' }),
      'a0',
      SILENT,
    );
    await values.own(instrumentation('7', { decomposition: ['disk', 'latency'] }), ['a']);
    const own = instrumentation('7', { decomposition: ['disk', 'latency'] });
    ways.tick(values.aggregator.all, values.now);
    for (let s = 0; s < 2; s++) {
      const second = values.now / 1000;
      values.now += 1000;
      values.report(own, 'a', second, {
        shape: 'keyed-distribution',
        distributions: new Map([['sda', [400, 2 + s]]]),
      });
      ways.tick(values.aggregator.all, values.now);
    }
    await until(() => got.length === 2);
    await values.aggregator.disable('global;7');
    ways.tick(values.aggregator.all, values.now);
    await until(() => got.length === 3);
    const counts = got.map(({ body }) => /"count":"(\d+)"/.exec(body)?.[1]);
    expect(counts).toEqual(['2', '3', '0']);
    expect(got[2]?.body).toContain('"flags":1');
    await until(() =>
      textOf(ways).includes('ca_push_points_lost_total{receiver="otlp",reason="refused"} 1\n'),
    );
    ways.close();
  });

  test('seconds that settle at the same time are each sent with their own counts', async () => {
    const ways = new WaysOut(
      readPush({ CA_PUSH_OTLP: url, CA_PUSH_ALL: '1', CA_PUSH_TEMPORALITY: 'delta' }),
      'a0',
      SILENT,
    );
    await values.own(HEAT, ['a']);
    ways.tick(values.aggregator.all, values.now);
    const second = values.now / 1000;
    for (let s = 0; s < 3; s++) values.reportDisks('a', second + s, { sda: [400 + s, 2 + s] });
    values.now += 3000;
    ways.tick(values.aggregator.all, values.now);
    await until(() => got.length === 1);
    expect([...(got[0]?.body ?? '').matchAll(/"count":"(\d+)"/g)].map(([, count]) => count)).toEqual([
      '2',
      '3',
      '4',
    ]);
    ways.close();
  });

  test('a receiver of remote write 1 is detected by its missing headers', async () => {
    const ways = new WaysOut(readPush({ CA_PUSH_REMOTE_WRITE: url, CA_PUSH_ALL: '1' }), 'a0', SILENT);
    await values.own(HEAT, ['a']);
    pass(ways, 3, () => ({ sda: [400, 2] }));
    await until(() => /receiver="remote_write",reason="refused"\} [1-9]/.test(textOf(ways)));
    expect(got[0]?.headers['content-type']).toBe(
      'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    );
    ways.close();
  });
});

test.each([
  [{ CA_PUSH_OTLP: 'ftp://x/' }, 'CA_PUSH_OTLP must be an http'],
  [{ CA_PUSH_REMOTE_WRITE: 'x' }, 'CA_PUSH_REMOTE_WRITE must be an http'],
  [{ CA_PUSH_TEMPORALITY: 'x' }, 'CA_PUSH_TEMPORALITY must be cumulative or delta'],
  [{ CA_PUSH_ALL: 'yes' }, 'CA_PUSH_ALL must be 1'],
])('%j is refused at the start', (env, reason) => {
  expect(() => readPush(env)).toThrow(reason);
});
