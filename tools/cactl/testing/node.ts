/*
 * A node whose trouble is known, for tests: it speaks the real protocol on the real broker, and counts the same events
 * each second. In: a host, its events. Out: an instrumenter as seen from outside.
 */
import type { InstrumenterStatus } from '../../../common/api/status';
import { dummyStatus } from '../../fleet/dummy-status';
import { SYSTEM_CLOCK } from '../../../common/service/clock';
import { fromCounts, type Distribution } from '../../../common/model/distribution';
import {
  breakdownOf,
  fqid,
  gridOfInstrumentation,
  type Instrumentation,
} from '../../../common/model/instrumentation';
import { SILENT } from '../../../common/service/log';
import type { WireCatalogue } from '../../../common/wire/message';
import { Peer } from '../../../common/wire/peer';
import { evaluate } from '../../../common/model/predicate/predicate';
import { routes } from '../../../common/wire/route';
import type { Value } from '../../../common/model/value';
import { Wanted } from '../../../services/instrumenter/gather/wanted';

/** This many events a second with these fields. */
export interface KnownEvent {
  readonly metric: string;
  readonly count: number;
  readonly fields: Readonly<Record<string, string | number>>;
}

const text = (label: string): { label: string; type: 'string' } => ({ label, type: 'string' });
const LATENCY = { label: 'latency', type: 'time' as const };
export const METADATA = {
  modules: { disk: { label: 'Disk' }, fs: { label: 'Filesystem' } },
  fields: {
    hostname: text('server hostname'),
    optype: text('operation type'),
    execname: text('application name'),
    latency: LATENCY,
  },
  metrics: [
    {
      module: 'disk',
      stat: 'physio_ops',
      label: 'I/O operations',
      unit: 'operations',
      interval: 'interval' as const,
      fields: ['hostname', 'optype', 'latency'],
    },
    {
      module: 'fs',
      stat: 'logical_ops',
      label: 'logical filesystem operations',
      unit: 'operations',
      interval: 'interval' as const,
      fields: ['hostname', 'execname', 'optype', 'latency'],
    },
  ],
  unavailable: [
    {
      module: 'syscall',
      stat: 'syscalls',
      label: 'system calls',
      unit: 'syscalls',
      interval: 'interval' as const,
      synonyms: ['strace', 'futex'],
      fields: [],
      reason: 'bpf: the kernel has no tracepoint sys_enter',
    },
  ],
};

const CATALOGUE: WireCatalogue = {
  metadata: METADATA,
  offers: METADATA.metrics.map((m) => ({ metric: `${m.module}.${m.stat}`, source: 'bpf', fields: m.fields })),
};

export interface KnownNode {
  /** It hangs: still connected, answers nothing. */
  hang(): void;
  stop(): Promise<void>;
}

export async function startNode(o: {
  url: string;
  prefix: string;
  host: string;
  events: readonly KnownEvent[];
}): Promise<KnownNode> {
  const keys = routes(o.prefix);
  const running = new Map<string, Instrumentation>();
  let hanging = false;
  const peer = new Peer({
    url: o.url,
    routes: keys,
    host: o.host,
    key: keys.instrumenter(o.host),
    clock: SYSTEM_CLOCK,
    log: SILENT,
    firstAttempts: 0,
  });
  const wanted = new Wanted({
    host: o.host,
    catalogue: () => CATALOGUE,
    enable: (i) => {
      running.set(fqid(i), i);
      return Promise.resolve();
    },
    disable: (id) => {
      running.delete(id);
      return Promise.resolve();
    },
    tell: (standing) => peer.tell(keys.config, 'alive', { standing, deaf: peer.deaf }),
    ask: () => peer.tell(keys.config, 'want_gathers', {}),
  });
  const hello = (): undefined => {
    peer.tell(keys.config, 'instrumenter_online', { standing: wanted.standing, deaf: peer.deaf });
    return undefined;
  };
  const never = new Promise<undefined>(() => undefined);
  peer.on('config_online', hello);
  peer.on('ping', () => (hanging ? never : { time: Date.now() }));
  peer.on('gathers', (body) => {
    wanted.take(body);
    return undefined;
  });
  peer.on('content', ({ digest }) => ({ content: wanted.content(digest) }));
  const started = Date.now();
  peer.on('status', () => (hanging ? never : statusOf(o.host, started, running)));
  await peer.connect();
  hello();
  peer.stayKnown(1000, () => ({ standing: wanted.standing }));
  const stopTicks = SYSTEM_CLOCK.everySecond((second) => {
    for (const [id, i] of running) {
      if (second % i.granularity !== 0) continue;
      const value = valueOf(i, o.host, o.events);
      peer.sendValues([keys.instrumentation(id)], {
        node: o.host,
        second: second - 1,
        duration: 1,
        sent: Date.now(),
        reports: [{ fqid: id, lost: 0, value }],
      });
    }
  });
  return {
    hang: () => (hanging = true),
    async stop() {
      stopTicks();
      wanted.close();
      peer.leave();
      await peer.close();
    },
  };
}

function statusOf(
  host: string,
  started: number,
  running: ReadonlyMap<string, Instrumentation>,
): InstrumenterStatus {
  return dummyStatus({
    host,
    started,
    memory: 52_428_800,
    sources: [
      {
        name: 'bpf',
        metrics: METADATA.metrics.length,
        missing: [{ metric: 'syscall.syscalls', reason: 'the kernel has no tracepoint sys_enter' }],
      },
    ],
    instrumentations: [...running].map(([id, i]) => ({
      fqid: id,
      source: 'bpf',
      metric: `${i.module}.${i.stat}`,
      decomposition: i.decomposition,
    })),
  });
}

/** What a kernel would have counted in one second. */
function valueOf(i: Instrumentation, host: string, events: readonly KnownEvent[]): Value {
  const { discrete, numeric } = breakdownOf(i);
  const grid = gridOfInstrumentation(i);
  const counts = new Map<string, [number, number][]>();
  let sum = 0;
  for (const { metric, count, fields } of events) {
    const field = (name: string): string | number | undefined => (name === 'hostname' ? host : fields[name]);
    if (metric !== `${i.module}.${i.stat}` || !evaluate(i.predicate, field)) continue;
    const key = discrete === undefined ? '' : String(field(discrete));
    const bucket = numeric === undefined ? 0 : grid.bucketOf(Number(field(numeric)));
    counts.set(key, [...(counts.get(key) ?? []), [bucket, count]]);
    sum += count;
  }
  const total = (pairs: readonly [number, number][]): number => pairs.reduce((n, [, count]) => n + count, 0);
  if (numeric === undefined) {
    if (discrete === undefined) return { shape: 'number', number: sum };
    return { shape: 'keyed', numbers: new Map([...counts].map(([key, pairs]) => [key, total(pairs)])) };
  }
  const distributions = new Map(
    [...counts].map(([key, pairs]): [string, Distribution] => [key, fromCounts(pairs)]),
  );
  if (discrete !== undefined) return { shape: 'keyed-distribution', distributions };
  return { shape: 'distribution', distribution: distributions.get('') ?? [] };
}
