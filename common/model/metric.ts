/*
 * What can be measured, as data: the words of GET /ca. In: a node's offers. Out: what the config service
 * merges, limits by profile, and checks questions against.
 */
import type { TypeName } from './field';

/** Which texts a discrete field can have. */
export type TextForm =
  /** At most so many bytes: longer ones are cut. */
  | { readonly bytes: number }
  /** An address of the Internet, as RFC 5952 prints it; of version 4 with dots. */
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
  /** What one count is: a word ("operations"), or a type when the value itself is a quantity ("size"). */
  readonly unit?: string;
  readonly type?: TypeName;
  readonly interval: 'interval' | 'point';
  /** One line for people: which question it answers. */
  readonly question?: string;
  /** Other words that people look for it by: "iops", "disk latency". */
  readonly synonyms?: readonly string[];
  /** What happens and is not counted, one sentence each: a limit that is not said is a wrong number. */
  readonly misses?: readonly string[];
  /** Ways of gathering that nodes have for it; known to the config service. */
  readonly sources?: readonly string[];
  /** Texts that discrete fields can have, where that is known and not the same in every metric. */
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
