/*
 * States of instrumentations on nodes. In: nodes' standings as digests, and the contents of these. Out: for the
 * aggregator, the scope; for people, the number of nodes by state, and nodes by name, worst first.
 *
 * Nothing is kept for a node and an instrumentation together: a state is worked out from the node's catalogue, its
 * document and its exceptions, for all nodes that tell the same at once.
 */
import type { NodeState, NodeStateName } from '../../../common/api/instrumentation';
import { fitsGlob } from '../../../common/model/glob';
import { metricName } from '../../../common/model/metric';
import { sourceFor } from '../../../common/wire/coverage';
import { digestOf } from '../../../common/wire/digest';
import { fqidOf, instrumentationOf } from '../../../common/wire/gathers';
import {
  readCatalogue,
  readExceptions,
  type Exception,
  type GatherItem,
  type NodeStanding,
  type Scope,
  type WireCatalogue,
} from '../../../common/wire/message';
import type { Clock } from '../../../common/service/clock';
import type { Log } from '../../../common/service/log';
import type { Bus } from './bus';
import { Census } from './census';
import { Contents } from './contents';
import type { Members, Node } from './members';

/** What is asked of nodes, or why it is not asked. */
export interface Asked {
  readonly item: GatherItem;
  /** The number of the document that holds it; undefined: none does, because it is paused or belongs to nobody. */
  readonly since: number | undefined;
}

export type Counts = Record<NodeStateName, number>;

export type Exceptions = ReadonlyMap<string, Exception>;

interface StandingsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly members: Pick<Members, 'nodes'>;
  readonly numberOf: (gathers: string) => number;
  /** Catalogues came or went. */
  readonly cataloguesChanged: (came: string | undefined) => void;
  /** Exceptions with these instrumentations came or went. */
  readonly exceptionsChanged: (fqids: Iterable<string>) => void;
}

const WORST_FIRST: readonly NodeStateName[] = ['failed', 'enabling', 'enabled', 'stopped', 'unsupported'];

export class Standings {
  readonly catalogues: Contents<WireCatalogue>;
  private readonly exceptions: Contents<Exceptions>;
  private readonly census = new Census();
  private readonly o: StandingsOptions;

  constructor(options: StandingsOptions) {
    this.o = options;
    const { cataloguesChanged, exceptionsChanged } = options;
    this.catalogues = new Contents({
      ...options,
      read: readCatalogue,
      arrived: (digest) => {
        cataloguesChanged(digest);
      },
      left: () => {
        cataloguesChanged(undefined);
      },
    });
    const changed = (digest: string): void => {
      exceptionsChanged(this.exceptions.get(digest)?.keys() ?? []);
    };
    this.exceptions = new Contents<Exceptions>({
      ...options,
      read: (plain) => new Map(readExceptions(plain).map((exception) => [exception.fqid, exception])),
      given: { digest: digestOf([]), content: new Map() },
      arrived: changed,
      left: changed,
    });
  }

  nodeUp(node: Node, before: NodeStanding | undefined): void {
    const { standing } = node;
    if (before !== undefined) this.census.remove(before);
    this.census.add(standing);
    if (before?.catalogue !== standing.catalogue) {
      this.catalogues.hold(standing.catalogue, node);
      if (before !== undefined) this.catalogues.release(before.catalogue, node);
    }
    if (before?.exceptions !== standing.exceptions) {
      const gone = before === undefined ? undefined : this.exceptions.get(before.exceptions);
      this.exceptions.hold(standing.exceptions, node);
      if (before !== undefined) this.exceptions.release(before.exceptions, node);
      this.o.exceptionsChanged([
        ...(gone?.keys() ?? []),
        ...(this.exceptions.get(standing.exceptions)?.keys() ?? []),
      ]);
    }
  }

  nodeGone(node: Node): void {
    this.census.remove(node.standing);
    this.catalogues.release(node.standing.catalogue, node);
    const exceptions = this.exceptions.get(node.standing.exceptions);
    this.exceptions.release(node.standing.exceptions, node);
    this.o.exceptionsChanged(exceptions?.keys() ?? []);
  }

  /** Once a second. */
  tick(): void {
    this.catalogues.tick();
    this.exceptions.tick();
  }

  /** Who should report for it. */
  scopeOf({ item }: Asked): Scope {
    const { hosts } = item;
    const own = hosts === undefined ? {} : { hosts };
    const catalogues: string[] = [];
    for (const [digest, catalogue] of this.catalogues.known()) {
      if (sourceFor(catalogue, item) !== undefined) catalogues.push(digest);
    }
    const id = fqidOf(item);
    const except: string[] = [];
    for (const [, exceptions, holders] of this.exceptions.known()) {
      const state = exceptions.get(id)?.state;
      if (state === undefined || state === 'enabled') continue;
      for (const { host } of holders) except.push(host);
    }
    return { catalogues: catalogues.sort(), ...own, except: except.sort() };
  }

  /** How many nodes are in which state; of a customer's, its own: how many others there are is not its business. */
  countsOf(asked: Asked): Counts {
    const counts: Counts = { enabling: 0, enabled: 0, failed: 0, stopped: 0, unsupported: 0 };
    if (asked.item.hosts === undefined) {
      for (const { standing, nodes } of this.census.groups) counts[this.stateOf(asked, standing)] += nodes;
    } else {
      for (const node of this.o.members.nodes) {
        if (owns(asked, node)) counts[this.stateOf(asked, node.standing)]++;
      }
    }
    return counts;
  }

  /** Nodes in trouble: at most so many, from the worst on. Reading them takes no longer than there are such nodes. */
  troubled(asked: Asked, limit: number): NodeState[] {
    const id = fqidOf(asked.item);
    const found: NodeState[] = [];
    for (const [, exceptions, holders] of this.exceptions.known()) {
      const exception = exceptions.get(id);
      if (exception === undefined || !isTrouble(exception)) continue;
      for (const node of holders) {
        if (found.length >= limit) return found;
        found.push(this.describe(asked, node));
      }
    }
    return found;
  }

  /** Nodes by name, the worst first: a page of them. */
  page(asked: Asked, from: number, limit: number): NodeState[] {
    const ranks = WORST_FIRST.flatMap((): Node[][] => [[], []]);
    for (const node of this.o.members.nodes) {
      const state = owns(asked, node) ? this.stateOf(asked, node.standing) : 'unsupported';
      const partial = this.exceptions.get(node.standing.exceptions)?.has(fqidOf(asked.item)) === true;
      ranks[2 * WORST_FIRST.indexOf(state) + (partial ? 0 : 1)]?.push(node);
    }
    return ranks
      .flat()
      .slice(from, from + limit)
      .map((node) => this.describe(asked, node));
  }

  private describe(asked: Asked, node: Node): NodeState {
    const { item, since } = asked;
    const { standing, host } = node;
    const state = owns(asked, node) ? this.stateOf(asked, standing) : 'unsupported';
    const exception =
      since === undefined ? undefined : this.exceptions.get(standing.exceptions)?.get(fqidOf(item));
    const catalogue = this.catalogues.get(standing.catalogue);
    if (state === 'unsupported') return { node: host, state, reason: reasonIn(catalogue, item) };
    if (exception !== undefined) {
      const { fqid: _fqid, ...told } = exception;
      return { node: host, ...told };
    }
    const source = catalogue === undefined ? undefined : sourceFor(catalogue, item);
    return { node: host, state, ...(state === 'enabled' && source !== undefined ? { source } : {}) };
  }

  private stateOf({ item, since }: Asked, standing: NodeStanding): NodeStateName {
    const catalogue = this.catalogues.get(standing.catalogue);
    if (catalogue === undefined) return 'enabling'; // it has just come
    const exception = this.exceptions.get(standing.exceptions)?.get(fqidOf(item));
    if (since !== undefined && exception !== undefined) return exception.state;
    if (sourceFor(catalogue, item) === undefined) return 'unsupported';
    if (since === undefined) return 'stopped';
    return this.o.numberOf(standing.gathers) >= since ? 'enabled' : 'enabling';
  }
}

/** Gathered by another source than expected is none; gathered but not all that was asked for is. */
function isTrouble({ state, reason }: Exception): boolean {
  return state === 'failed' || state === 'enabling' || (state === 'enabled' && reason !== undefined);
}

function owns({ item }: Asked, { host }: Node): boolean {
  return item.hosts?.some((pattern) => fitsGlob(pattern, host)) ?? true;
}

function reasonIn(catalogue: WireCatalogue | undefined, item: GatherItem): string {
  const metric = metricName(instrumentationOf(item));
  const why = catalogue?.offers.find((offer) => offer.metric === metric && offer.unavailable !== undefined);
  return why?.unavailable ?? 'no source there has this metric with these fields';
}
