/*
 * The shapes in which the public API answers, as far as the page reads them. In: JSON. Out: names for its parts.
 * Keys of users are own properties of JSON objects (even "__proto__"): read them with Object.entries, put them in Maps.
 */

export type Ranges = readonly (readonly [readonly [number, number], number])[];

export type PlainValue =
  number | Readonly<Record<string, number>> | Ranges | Readonly<Record<string, Ranges>>;

export interface TypeInfo {
  readonly arity: 'discrete' | 'numeric';
  readonly unit?: string;
  readonly abbr?: string;
  readonly base?: number;
  /** One raw unit is base^power units. */
  readonly power?: number;
  readonly minmax?: number;
}

export interface MetricInfo {
  readonly module: string;
  readonly stat: string;
  readonly label: string;
  readonly unit?: string;
  readonly type?: string;
  readonly interval?: string;
  readonly question?: string;
  readonly synonyms?: readonly string[];
  /** What it does not see, a sentence each. */
  readonly misses?: readonly string[];
  readonly fields: readonly string[];
}

/** A metric that exists and that no node can observe, and why not. */
export interface UnavailableMetric extends Omit<MetricInfo, 'fields'> {
  readonly reasons: readonly { readonly reason: string; readonly nodes: number }[];
}

/** GET /ca */
export interface Catalogue {
  readonly modules: Readonly<Record<string, { readonly label: string }>>;
  readonly fields: Readonly<Record<string, { readonly label: string; readonly type: string }>>;
  readonly types: Readonly<Record<string, TypeInfo>>;
  readonly metrics: readonly MetricInfo[];
  readonly unavailable?: readonly UnavailableMetric[];
}

export type Predicate = Readonly<Record<string, readonly unknown[]>>;

/** What POST takes: the part of an instrumentation that its asker chose. */
export interface Question {
  readonly module: string;
  readonly stat: string;
  readonly predicate: Predicate;
  readonly decomposition: readonly string[];
  readonly granularity: number;
}

export const NODE_STATES = ['enabled', 'enabling', 'failed', 'stopped', 'unsupported'] as const;
export type NodeStateName = (typeof NODE_STATES)[number];

/** How one node does with one instrumentation (GET of a single one). */
export interface NodeState {
  readonly node: string;
  readonly state: NodeStateName;
  readonly source?: string;
  readonly reason?: string;
  /** The tracer's or the verifier's own words. */
  readonly log?: string;
}

export interface Instrumentation extends Question {
  readonly id: string;
  readonly uri: string;
  readonly enabled?: boolean;
  readonly 'retention-time': number;
  readonly 'persist-data'?: boolean;
  readonly 'idle-max'?: number;
  /** Seconds until it is deleted because nobody looks; absent: never. */
  readonly 'idle-left'?: number;
  readonly 'value-arity'?: string;
  readonly 'value-scope'?: string;
  /** What a dashboard asks of Prometheus' API for the same. */
  readonly promql?: string;
  readonly nsources?: number;
  readonly crtime?: number;
  /** How many nodes are in which state. */
  readonly state?: Readonly<Partial<Record<NodeStateName, number>>>;
  readonly nodes?: readonly NodeState[];
}

/** What every value says about how complete it is. */
export interface Completeness {
  readonly nsources: number;
  readonly minreporting: number;
  readonly lost: number;
}

/** Consecutive slots of an answer that are equally complete. */
export interface CompletenessRun {
  readonly time: number;
  readonly duration: number;
  readonly expected: number;
  readonly reporting: number;
  readonly late: number;
  readonly lost: number;
}

/** What counting costs the nodes that have told so lately. */
export interface Cost {
  readonly nodes: number;
  /** Of programs in the kernel. */
  readonly runs_per_second: number;
  readonly ns_per_run: number;
  /** Of one core, all nodes together. */
  readonly percent_of_core: number;
  readonly memory_bytes: number;
  readonly worst: { readonly node: string; readonly percent_of_core: number };
}

/** Nodes whose clocks are off so far that their seconds are shifted into the servers'. */
export interface Clocks {
  readonly nodes: number;
  readonly worst: { readonly node?: string; readonly offset_ms: number; readonly shifted_seconds: number };
}

/** What is wrong with the disk that values are kept on. */
export interface Disk {
  readonly written: boolean;
  readonly read: boolean;
  readonly damaged_bytes: number;
  readonly reason?: string;
}

export interface RawAnswer extends Partial<Completeness> {
  readonly completeness?: readonly CompletenessRun[];
  readonly cost?: Cost;
  readonly clocks?: Clocks;
  readonly disk?: Disk;
  readonly value: PlainValue;
  readonly start_time: number;
  readonly duration: number;
}

export interface ImageAnswer extends Partial<Completeness> {
  readonly image: string;
  readonly start_time: number;
  readonly duration: number;
  readonly width: number;
  readonly height: number;
  readonly nbuckets: number;
  readonly ymin: number;
  readonly ymax: number;
  readonly present?: readonly string[];
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly field?: string };
}

/** GET /ca/admin/status, as far as it tells what is broken. Times are milliseconds. */
export interface StatusAnswer {
  readonly connected?: boolean;
  readonly bus?: { readonly reason?: string; readonly sharedUser?: boolean };
  readonly otherVersions?: readonly { readonly host: string; readonly version: number }[];
  readonly aggregators?: readonly unknown[];
  readonly instrumenters?: readonly {
    readonly host: string;
    readonly silentMs?: number;
    readonly skewMs?: number;
  }[];
}
