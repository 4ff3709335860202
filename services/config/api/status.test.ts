/* The status of a service that holds more than a message can carry. */
import { LIMITS } from '../../../common/service/limits';
import type { Config } from '../config';
import { statusOf, type StatusParts } from './status';

const NODES = 20_000;
const INSTRUMENTATIONS = 30_000;
const TROUBLED = 'global;29999';

const records = new Map(
  Array.from({ length: INSTRUMENTATIONS }, (_, i) => {
    const instrumentation = {
      id: String(i),
      module: 'syscall',
      stat: 'syscalls',
      decomposition: ['execname', 'latency'],
      predicate: { kind: 'compare', op: 'gt', field: 'latency', constant: i },
      granularity: 1,
      retentionTime: 600,
      persistData: false,
      enabled: true,
      crtime: 1,
    };
    return [`global;${i}`, { instrumentation, aggregator: 'n1-0' }] as const;
  }),
);
const config = {
  records,
  conflicts: [],
  inventory: { summary: { expected: 0, silent: 0, silentNodes: [], drained: 0, revoked: 0 } },
  members: {
    aggregators: [],
    nodes: Array.from({ length: NODES }, (_, i) => ({
      key: `ca.instrumenter.node-${i}`,
      host: `node-${i}`,
      since: 1,
      standing: {},
    })),
    nodeCount: NODES,
    silentMs: (key: string) => (key.endsWith('-4321') ? 60_000 : 0),
    rivals: { all: [] },
    others: {
      all: Array.from({ length: 1000 }, () => ({
        key: 'k'.repeat(255),
        host: 'h',
        what: 'protocol',
        version: 9,
      })),
    },
  },
  reconciler: {
    standings: { catalogues: { get: () => undefined, unknown: 0 } },
    loads: new Map(),
    homesOf: () => ['a0'],
    ranked: () => [],
    homeTrouble: () => undefined,
    countsOf: () => ({ enabled: 0, failed: 0, enabling: 0, disabled: 0 }),
    troubledOf: (id: string, limit: number) =>
      id === TROUBLED
        ? Array.from({ length: limit }, (_, i) => ({
            node: `node-${i}`,
            state: 'failed',
            reason: 'x'.repeat(200),
          }))
        : [],
  },
} as unknown as Config;

test('it fits into a message, with what is in trouble first and the rest counted', () => {
  const status = statusOf({
    host: 'n1',
    started: 0,
    now: 0,
    config,
    bus: { connected: true, counts: {} },
    proxy: { counts: {} },
    http: undefined,
    memory: { rss: 0, heapUsed: 0 },
  } as unknown as StatusParts);
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(LIMITS.messageBytes);
  const instrumentations = status.instrumentations as readonly {
    fqid: string;
    nodes: readonly unknown[];
  }[];
  const instrumenters = status.instrumenters as readonly unknown[];
  expect(instrumentations[0]?.fqid).toBe(TROUBLED);
  expect(instrumentations[0]?.nodes.length).toBeGreaterThan(0);
  expect(status.unlisted).toEqual({
    instrumenters: NODES - instrumenters.length,
    instrumentations: INSTRUMENTATIONS - instrumentations.length,
  });
  expect(instrumenters.length).toBe(LIMITS.nodesShownMax);
  expect(instrumenters[0]).toMatchObject({ host: 'node-4321' });
  expect(status.online).toEqual({ aggregators: 0, instrumenters: NODES });
});
