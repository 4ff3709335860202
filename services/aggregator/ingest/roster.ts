/*
 * The list of nodes, and which of them should report what. In: the list of nodes that the config service publishes,
 * and its changes; the scope of each instrumentation. Out: whether a report counts, and who is expected.
 *
 * One list for all instrumentations: a scope names catalogues, so that it is as short for 100,000 nodes as for one.
 */
import { fitsGlob } from '../../../common/model/glob';
import type { Clock } from '../../../common/service/clock';
import { LIMITS } from '../../../common/service/limits';
import type { Body, Scope } from '../../../common/wire/message';

interface Former {
  readonly catalogue: string;
  readonly until: number;
}

export class Roster {
  /** Cache by scope, which most instrumentations share. Cleared with each change of the list. */
  private readonly names = new Map<string, readonly string[]>();
  private catalogues = new Map<string, string>();
  /** Nodes dropped lately, whose reports still count. */
  private readonly former = new Map<string, Former>();
  private held: string | undefined;
  private staged: { readonly version: string; readonly catalogues: Map<string, string> } | undefined;
  private readonly clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** Version of our list; undefined: none yet. */
  get version(): string | undefined {
    return this.held;
  }

  get size(): number {
    return this.catalogues.size;
  }

  /** Names with their catalogues. */
  get nodes(): ReadonlyMap<string, string> {
    return this.catalogues;
  }

  /** Names of nodes that a scope includes: the same array until the list changes. */
  namesOf(scope: string, includes: (name: string, catalogue: string) => boolean): readonly string[] {
    let names = this.names.get(scope);
    if (names === undefined) {
      names = [...this.catalogues]
        .filter(([name, catalogue]) => includes(name, catalogue))
        .map(([name]) => name);
      // Drop old scopes, with other exceptions.
      if (this.names.size >= LIMITS.instrumentationsPerAggregator) this.names.clear();
      this.names.set(scope, names);
    }
    return names;
  }

  /** Takes a message of the config service. A change from another version is ignored, which `version` shows. */
  take({ from, to, put, drop, barred = [], more }: Body<'nodes'>): void {
    for (const name of barred) {
      this.former.delete(name);
      this.catalogues.delete(name);
      this.names.clear();
    }
    const base =
      from === undefined
        ? new Map<string, string>()
        : from === this.staged?.version
          ? this.staged.catalogues
          : from === this.held
            ? more === true
              ? new Map(this.catalogues)
              : this.catalogues
            : undefined;
    if (base === undefined) return;
    const isLive = base === this.catalogues;
    for (const name of drop) {
      if (isLive) this.retire(name);
      base.delete(name);
    }
    for (const { catalogue, names } of put) {
      for (const name of names) if (base.size < LIMITS.nodesPerInstrumentation) base.set(name, catalogue);
    }
    if (more === true) {
      this.staged = { version: to, catalogues: base };
      return;
    }
    this.staged = undefined;
    if (!isLive) {
      for (const name of this.catalogues.keys()) if (!base.has(name)) this.retire(name);
      this.catalogues = base;
    }
    this.held = to;
    this.names.clear();
  }

  /** True if the config service has listed that node for the scope, now or lately. */
  counts(node: string, { catalogues, hosts }: Membership): boolean {
    const catalogue = this.catalogues.get(node) ?? this.former.get(node)?.catalogue;
    return catalogue !== undefined && catalogues.has(catalogue) && fitsHosts(hosts, node);
  }

  /** Once a second. */
  tick(): void {
    const now = this.clock.now();
    for (const [name, { until }] of this.former) {
      if (until > now && !this.catalogues.has(name)) break; // in order of time
      this.former.delete(name);
    }
  }

  private retire(name: string): void {
    const catalogue = this.catalogues.get(name);
    if (catalogue === undefined) return;
    this.former.delete(name);
    this.former.set(name, { catalogue, until: this.clock.now() + LIMITS.formerNodeMs });
    for (const oldest of this.former.keys()) {
      if (this.former.size <= LIMITS.nodesPerInstrumentation) break;
      this.former.delete(oldest);
    }
  }
}

interface Membership {
  readonly catalogues: ReadonlySet<string>;
  readonly hosts: readonly string[] | undefined;
}

/** The nodes of one instrumentation. */
export class Expected implements Membership {
  readonly catalogues: ReadonlySet<string>;
  readonly hosts: readonly string[] | undefined;
  private readonly except: ReadonlySet<string>;
  private readonly enabled: boolean;
  private readonly roster: Roster;
  private readonly key: string;

  /** `enabled` false: no node should report, but reports in flight count. */
  constructor(scope: Scope, roster: Roster, enabled: boolean) {
    this.enabled = enabled;
    this.catalogues = new Set(scope.catalogues);
    this.hosts = scope.hosts;
    this.except = new Set(scope.except);
    this.roster = roster;
    this.key = JSON.stringify(scope);
  }

  get size(): number {
    return this.nodes.length;
  }

  has(node: string): boolean {
    const catalogue = this.roster.nodes.get(node);
    return catalogue !== undefined && this.includes(node, catalogue);
  }

  /** Names of those that should report. */
  get nodes(): readonly string[] {
    return this.enabled
      ? this.roster.namesOf(this.key, (name, catalogue) => this.includes(name, catalogue))
      : [];
  }

  private includes(name: string, catalogue: string): boolean {
    const isIn = this.enabled && this.catalogues.has(catalogue) && !this.except.has(name);
    return isIn && fitsHosts(this.hosts, name);
  }
}

function fitsHosts(hosts: readonly string[] | undefined, node: string): boolean {
  return hosts === undefined || hosts.some((pattern) => fitsGlob(pattern, node));
}
