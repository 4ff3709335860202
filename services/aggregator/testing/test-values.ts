/*
 * Values for tests: real HTTP on a free port, an aggregator that gets messages only from the test, and a clock that
 * stands still. In: instrumentations and reports. Out: answers and pictures.
 */
import { setTimeout } from 'node:timers/promises';
import { PNG } from 'pngjs';
import { cacheOfBytes } from '../../../common/service/cache';
import { serve, type HttpServer } from '../../../common/http/http';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { SILENT } from '../../../common/service/log';
import { toWire, type Body } from '../../../common/wire/message';
import type { Value } from '../../../common/model/value';
import { Aggregator } from '../aggregator';
import { AnswerBudget } from '../http/answer-budget';
import { COLUMNS_BYTES } from '../http/columns';
import { INLINE, type Renderer } from '../heatmap/pixels/renderer';
import { valueRoutes } from '../http/routes';
import { promqlRoutes } from '../promql/routes';

/** Start time of the clock, in seconds. */
export const NOW = 1_300_000_000;
export const V = '/ca/instrumentations';
/** Of all nodes. */
const CATALOGUE = 'catalogue-of-all-nodes';

export function instrumentation(id: string, change: Partial<Instrumentation> = {}): Instrumentation {
  return {
    id,
    module: 'disk',
    stat: 'physio_ops',
    predicate: { kind: 'always' },
    decomposition: [],
    fields: { disk: 'string', latency: 'time' },
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 3600,
    persistData: false,
    enabled: true,
    crtime: 0,
    ...change,
  };
}
export const PLAIN = instrumentation('1');
export const HEAT = instrumentation('2', { decomposition: ['disk', 'latency'] });

const TRANSFORMATIONS = [
  {
    name: 'shout',
    label: 'In capitals',
    fields: ['disk'],
    explain: (keys: readonly string[]) =>
      Promise.resolve(new Map(keys.map((key) => [key, key.toUpperCase()]))),
  },
  {
    name: 'broken',
    label: 'Fails',
    fields: ['disk'],
    explain: () => Promise.reject(new Error('its database is gone')),
  },
  {
    name: 'slow',
    label: 'Waits as long as it may',
    fields: ['disk'],
    explain: async (_keys: readonly string[], waitMs: number) => {
      await setTimeout(waitMs);
      return new Map();
    },
  },
];

export type Json = Record<string, unknown>;

/** Counts are gone once they are rendered, as where a thread does it. */
const TAKING: Renderer = {
  ...INLINE,
  async render(sketch, gone) {
    const finished = await INLINE.render(sketch, gone);
    const buffers = [...sketch.layers, ...(sketch.other?.layers ?? [])].map(({ buffer }) => buffer);
    structuredClone(buffers, { transfer: buffers as ArrayBuffer[] });
    return finished;
  },
};

export class TestValues {
  /** Milliseconds; a test may move it on. */
  now = 1000 * NOW;
  /** Instrumentations whose messages the aggregator asks for. */
  bound = new Set<string>();
  private version = 0;
  held!: AnswerBudget;
  aggregator!: Aggregator;
  server!: HttpServer;

  async open(): Promise<void> {
    this.now = 1000 * NOW;
    this.bound = new Set();
    this.held = new AnswerBudget({ answerBytes: 2_000_000, allBytes: 5_000_000 });
    const clock = { now: () => this.now, everySecond: () => () => undefined };
    this.aggregator = new Aggregator({
      clock,
      log: SILENT,
      bind: (id) => Promise.resolve(void this.bound.add(id)),
      unbind: (id) => Promise.resolve(void this.bound.delete(id)),
      resend: () => Promise.resolve([]),
      time: () => new Promise(() => undefined),
    });
    const context = {
      aggregator: this.aggregator,
      clock,
      renderer: TAKING,
      transformations: TRANSFORMATIONS,
      pictures: cacheOfBytes(1e6, () => 1000),
      held: this.held,
    };
    this.server = await serve({
      name: 'test',
      routes: [...valueRoutes(context), ...promqlRoutes(context)],
      host: '127.0.0.1',
      port: 0,
      log: SILENT,
      bodyBytes: COLUMNS_BYTES,
    });
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.server.port}${path}`;
  }

  /** Makes the aggregator own it; `nodes` are expected to report. Other nodes that report count as earlier nodes. */
  own(i: Instrumentation, nodes: string[] = []): Promise<void> {
    for (const node of nodes) this.change({ put: [{ catalogue: CATALOGUE, names: [node] }] });
    const others = [...this.aggregator.roster.nodes.keys()].filter((node) => !nodes.includes(node));
    const scope = { catalogues: [CATALOGUE], except: others };
    return this.aggregator.enable({ instrumentation: toWire(i), scope });
  }

  report(i: Instrumentation, node: string, second: number, value: Value, lost = 0): void {
    const duration = i.granularity < 5 ? 1 : 5;
    const reports = [{ fqid: fqid(i), value, lost }];
    if (!this.aggregator.roster.nodes.has(node)) {
      this.change({ put: [{ catalogue: CATALOGUE, names: [node] }] });
      this.change({ drop: [node] });
    }
    this.aggregator.receive({ node, second, duration, sent: this.now, reports }, 100);
  }

  /** A report of distributions by disk: rows of bucket and count. */
  reportDisks(node: string, second: number, disks: Readonly<Record<string, number[]>>): void {
    this.report(HEAT, node, second, {
      shape: 'keyed-distribution',
      distributions: new Map(Object.entries(disks)),
    });
  }

  /** The list of nodes changes. */
  private change(change: Partial<Body<'nodes'>>): void {
    const from = this.aggregator.roster.version;
    const to = `v${++this.version}`;
    this.aggregator.nodes({ ...(from === undefined ? {} : { from }), to, put: [], drop: [], ...change });
  }

  async get(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; body: Json }> {
    const res = await fetch(this.url(path), init);
    const text = await res.text();
    return { status: res.status, headers: res.headers, body: (text === '' ? {} : JSON.parse(text)) as Json };
  }

  async picture(path: string): Promise<PNG> {
    const res = await fetch(this.url(path));
    expect(res.headers.get('content-type')).toBe('image/png');
    return PNG.sync.read(Buffer.from(await res.arrayBuffer()));
  }
}

/** Before each test anew. */
export function serveValues(): TestValues {
  const values = new TestValues();
  beforeEach(() => values.open());
  afterEach(() => values.server.close());
  return values;
}

export const pixel = (png: PNG, x: number, y: number): number =>
  png.data.readUInt32BE(4 * (y * png.width + x)) >>> 8;
