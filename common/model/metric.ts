/*
 * What can be measured, as data: the answer of GET /ca. In: a node's offers. Out: what the config service
 * merges, limits by profile, and checks requests against.
 */
import type { TypeName } from './field';

/** Values that a discrete field can have. */
export type TextForm =
  /** Greatest length in bytes; longer texts are truncated. */
  | { readonly bytes: number }
  /** An IP address: IPv6 in the form of RFC 5952, IPv4 in dotted decimal. */
  | { readonly is: 'address' }
  /** A whole number in decimal. */
  | { readonly is: 'number' }
  /** One of these, or a number that has no name. */
  | { readonly values: readonly string[] };

/** "disk.physio_ops" */
export type MetricName = `${string}.${string}`;

export interface Metric {
  readonly module: string;
  readonly stat: string;
  readonly label: string;
  /** What is counted: a word ("operations"), or a type when the value itself is a quantity ("size"). */
  readonly unit?: string;
  readonly type?: TypeName;
  readonly interval: 'interval' | 'point';
  /** The question that it answers, in one line. */
  readonly question?: string;
  /** Other search words: "iops", "disk latency". */
  readonly synonyms?: readonly string[];
  /** Events that are not counted, one sentence each: an undocumented limit is a wrong number. */
  readonly misses?: readonly string[];
  /** Sources that nodes have for it; set by the config service. */
  readonly sources?: readonly string[];
  /** Values that discrete fields can have, where known and specific to this metric. */
  readonly forms?: Readonly<Record<string, TextForm>>;
  readonly fields: readonly string[];
}

export interface Field {
  readonly label: string;
  readonly type: TypeName;
}

/** Metadata that one node sends in its hello, and the config service shows after merging. */
export interface Metadata {
  readonly modules: Readonly<Record<string, { readonly label: string }>>;
  readonly fields: Readonly<Record<string, Field>>;
  readonly metrics: readonly Metric[];
}

export function metricName(m: { readonly module: string; readonly stat: string }): MetricName {
  return `${m.module}.${m.stat}`;
}
