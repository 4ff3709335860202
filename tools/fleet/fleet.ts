/*
 * Many synthetic nodes in one process: the real protocol on the real clock. In: a broker, how many nodes, and their
 * faults. Out: a running fleet, its counts, and its oracle. Used by the benchmark and the failure tests.
 *
 * Next: connection.ts (nodes and their messages), schedule.ts (when they send), node.ts (what they do).
 */
import type { Broker } from '../../common/wire/broker/broker';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { LIMITS } from '../../common/service/limits';
import { SILENT, type Log } from '../../common/service/log';
import type { WireCatalogue } from '../../common/wire/message';
import { catalogueOf } from '../../services/instrumenter/gather/catalogue';
import { openSynthetic } from '../../services/instrumenter/sources/synthetic/source';
import { hash } from '../../services/instrumenter/sources/synthetic/random';
import { connectNodes } from './connection';
import type { NodeOptions, SyntheticNode } from './node';
import { Oracle, type Foretold } from './oracle';
import { Schedule, type Left } from './schedule';

export interface FleetOptions {
  readonly url: string;
  readonly prefix?: string;
  /** Nodes are called sim<number>, from `first` on. */
  readonly nodes: number;
  readonly first?: number;
  readonly seed?: number;
  readonly buckets?: number;
  readonly keys?: number;
  readonly loss?: number;
  /** Each node's clock is off by up to this many ms, either way. */
  readonly skewMs?: number;
  /** Each message is sent up to this many ms after the end of its second. */
  readonly jitterMs?: number;
  /** A node is restarted every this many seconds; 0: never. */
  readonly restartEverySeconds?: number;
  /** Metrics on offer; default: all. */
  readonly metrics?: readonly string[];
  readonly nodesPerConnection?: number;
  /** Values wait while the broker is away, and are kept, as with real instrumenters: costs memory. */
  readonly patient?: boolean;
  /** Called for every report before it is sent. */
  readonly made?: NodeOptions['made'];
  readonly gaveUp?: NodeOptions['gaveUp'];
  /** The nodes' values, if not the default. */
  readonly foretold?: Foretold;
  readonly log?: Log;
}

interface FleetCounts {
  messages: number;
  reports: number;
  lost: number;
  refused: number;
  restarts: number;
  malformed: number;
}

export interface Fleet {
  readonly nodes: readonly SyntheticNode[];
  readonly oracle: Oracle;
  counts(): FleetCounts;
  /** Maximum delay in ms with which reports of the last whole second were sent: shows whether the fleet itself is too slow. */
  readonly lagMs: number;
  /** When the reports of a second were sent. */
  left(second: number): Left | undefined;
  /** Stops a node and starts it again after a while. */
  readonly restart: (node: SyntheticNode, orderly: boolean, awayMs: number) => void;
  /** All nodes say goodbye. */
  stop(): Promise<void>;
}

const NODES_PER_CONNECTION = 100;
const AWAY_MS = 3000;

/** Resolves when every node has sent its hello. Rejects when the broker is not there. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { seed = 1, buckets = 40, keys = 5, loss = 0, first = 0, log = SILENT } = options;
  const oracle = new Oracle({ seed, buckets, keys, loss });
  const catalogue = catalogueWith(options.metrics);
  const totals = { restarts: 0, malformed: 0 };
  const schedule = new Schedule({ clock: SYSTEM_CLOCK, seed, jitterMs: options.jitterMs ?? 0 });
  const perConnection = options.nodesPerConnection ?? NODES_PER_CONNECTION;
  const nodes: SyntheticNode[] = [];
  const brokers: Broker[] = [];
  const timers = new Set<NodeJS.Timeout>();

  for (let from = 0; from < options.nodes; from += perConnection) {
    const numbers = Array.from(
      { length: Math.min(perConnection, options.nodes - from) },
      (_, i) => first + from + i,
    );
    const joined = await connectNodes(numbers, {
      url: options.url,
      prefix: options.prefix ?? '',
      seed,
      skewMs: options.skewMs ?? 0,
      oracle: options.foretold ?? oracle,
      patient: options.patient,
      made: options.made,
      gaveUp: options.gaveUp,
      catalogue,
      log,
      malformed: () => totals.malformed++,
    });
    brokers.push(joined.broker);
    nodes.push(...joined.nodes);
  }

  const later = (ms: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  };
  const restart = (node: SyntheticNode, orderly: boolean, awayMs: number): void => {
    totals.restarts++;
    node.stop(orderly);
    later(awayMs, () => {
      node.start();
    });
  };

  for (const node of nodes) node.start();
  // Each node sends its `alive` at its own time in the period.
  const aliveSlots = LIMITS.aliveEveryMs / 100;
  let turn = 0;
  const alive = setInterval(() => {
    const slot = turn++ % aliveSlots;
    for (let i = slot; i < nodes.length; i += aliveSlots) nodes[i]?.alive();
  }, 100);
  const every = options.restartEverySeconds ?? 0;
  const stopSeconds = schedule.start(nodes, (second) => {
    if (every === 0 || second % every !== 0) return;
    const node = nodes[hash(seed, second, 'restart') % nodes.length];
    if (node?.running === true) restart(node, hash(seed, second) % 2 === 0, AWAY_MS);
  });

  return {
    nodes,
    oracle,
    restart,
    get lagMs() {
      return schedule.lagMs;
    },
    left: (second) => schedule.of(second),
    counts: () => {
      const counts: FleetCounts = { messages: 0, reports: 0, lost: 0, refused: 0, ...totals };
      for (const node of nodes) {
        for (const name of ['messages', 'reports', 'lost', 'refused'] as const)
          counts[name] += node.counts[name];
      }
      return counts;
    },
    async stop() {
      stopSeconds();
      clearInterval(alive);
      for (const timer of timers) clearTimeout(timer);
      for (const node of nodes) node.stop(true);
      await Promise.all(brokers.map((broker) => broker.close()));
    },
  };
}

/** The catalogue of all nodes: the whole one, or the named part of it. */
function catalogueWith(metrics: readonly string[] | undefined): WireCatalogue {
  const source = openSynthetic({ host: 'sim', clock: SYSTEM_CLOCK, seed: 0 });
  const offers = source.offers().filter(({ metric }) => metrics?.includes(metric) ?? true);
  return catalogueOf([{ name: 'x', source: { ...source, offers: () => offers } }]);
}
