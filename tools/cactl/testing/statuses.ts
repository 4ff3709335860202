/* Statuses of services, for tests of their readers. In: the relevant properties. Out: whole statuses. */
import type {
  AggregatorStatus,
  ConfigStatus,
  DatasetStatus,
  HindsightStatus,
  InstrumentationStatus,
} from '../../../common/api/status';

const BUS = { ok: true, selfPingMs: 3, sharedUser: false };
const MESSAGES = { received: 0, sent: 0, malformed: 0, refused: 0, unroutable: 0 };
const HTTP = { requests: 0, pending: 0, byStatus: {} };

export function configStatus(more: Partial<ConfigStatus> = {}): ConfigStatus {
  return {
    service: 'config',
    host: 'n1',
    started: 0,
    uptime: 0,
    connected: true,
    bus: BUS,
    online: { aggregators: 1, instrumenters: 2 },
    aggregators: [aggregatorRow('n1-0')],
    instrumenters: [nodeRow('n1'), nodeRow('n2')],
    instrumentations: [],
    unlisted: { instrumenters: 0, instrumentations: 0 },
    conflicts: [],
    otherVersions: [],
    protocol: 2,
    upstreams: [],
    counts: {
      ...HTTP,
      forwarded: 0,
      forwarding: 0,
      forwardFailed: 0,
      forwardRefused: 0,
      messages: MESSAGES,
      rssBytes: 80 * 1024 * 1024,
      heapBytes: 0,
    },
    ...more,
  };
}

function aggregatorRow(instance: string): ConfigStatus['aggregators'][number] {
  const key = `ca.aggregator.${instance}`;
  return { instance, key, host: 'n1', httpHost: '', httpPort: 1, since: 0, silentMs: 0, instrumentations: 0 };
}

function nodeRow(host: string): ConfigStatus['instrumenters'][number] {
  return { host, key: `ca.instrumenter.${host}`, since: 0, silentMs: 0, metrics: 1, sources: ['bpf'] };
}

export const DISK_PHYSIO: InstrumentationStatus = {
  fqid: 'global;7',
  metric: 'disk.physio_ops',
  decomposition: ['disk', 'latency'],
  predicate: 'latency > 10000000 && disk == "sda"',
  granularity: 1,
  'retention-time': 600,
  'persist-data': false,
  enabled: true,
  crtime: 0,
  aggregator: 'n1-0',
  state: { enabled: 2, failed: 0, enabling: 0, stopped: 0, unsupported: 0 },
  nodes: [],
};

export function aggregatorStatus(more: Partial<AggregatorStatus> = {}): AggregatorStatus {
  return {
    service: 'aggregator',
    instance: 'n1-0',
    started: 0,
    httpPort: 1,
    pid: 1,
    memory: { rss: 90 * 1024 * 1024, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 },
    bus: BUS,
    peer: MESSAGES,
    http: HTTP,
    counts: { messages: 0, reports: 0, bytes: 0, unknown: 0, unnamed: 0 },
    recalled: { asked: 0, unanswered: 0 },
    nodes: { version: null, count: 0 },
    instrumentations: { 'global;7': datasetStatus() },
    ...more,
  };
}

export function datasetStatus(
  more: Partial<Omit<DatasetStatus, 'counts'>> = {},
  counts: Partial<DatasetStatus['counts']> = {},
): DatasetStatus {
  return {
    module: 'disk',
    stat: 'physio_ops',
    shape: 'keyed-distribution',
    since: 0,
    nsources: 2,
    newest: 100,
    expected: 2,
    reporting: 2,
    missing: [],
    slots: 0,
    keys: 0,
    bytes: 0,
    waiting: 0,
    ...more,
    counts: {
      ...{
        added: 0,
        duplicate: 0,
        future: 0,
        tooOld: 0,
        tooMany: 0,
        malformed: 0,
        late: 0,
        lost: 0,
        givenUp: 0,
      },
      ...counts,
    },
  };
}

export function hindsightStatus(more: Partial<HindsightStatus> = {}): HindsightStatus {
  return {
    ...{ instrumentations: 3, ok: true, writes: 900, failures: 4, damagedBytes: 0, foreignRecords: 0 },
    ...{ reloadedSlots: 0, givenUp: 0, filed: 0 },
    ...more,
  };
}
