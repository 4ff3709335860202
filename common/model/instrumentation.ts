/*
 * An instrumentation: a metric, a predicate, a decomposition, a granularity and a retention.
 * In: checked properties (services/config makes them). Out: the type and the name that all services share.
 */
import { fieldType, gridOf, type TypeName } from './field';
import type { Grid } from './bucket';
import { LOG_GRID } from './bucket';
import type { Predicate } from './predicate/predicate-tree';
import { shapeOf, type Shape } from './value';

/** Bounds of exported histograms: `from` and `to` are powers of ten of raw values; 9 or 90 steps per decade. */
export interface ExportBounds {
  readonly from?: number;
  readonly to?: number;
  readonly steps?: 9 | 90;
  /** Greatest number of keys with their own series at a time. */
  readonly keys?: number;
}

/** Where values go besides the API. */
export interface Export {
  /** In /metrics. */
  readonly prometheus?: ExportBounds;
  /** To the receivers that the operator configured. */
  readonly push?: ExportBounds;
}

export interface Instrumentation {
  /** Number within its scope, as text; never used twice. */
  readonly id: string;
  /** Absent: global scope (operators). */
  readonly customer?: string;
  readonly module: string;
  readonly stat: string;
  /** Digest of the metric's definition: nodes with another definition of this name do not gather it. Absent: any definition. */
  readonly meaning?: string;
  readonly predicate: Predicate;
  /** At most one discrete and one numeric field, in the order asked for. */
  readonly decomposition: readonly string[];
  /** Types of all fields that the decomposition and the predicate name. */
  readonly fields: Readonly<Record<string, TypeName>>;
  /** interval: events add up over time. point: a snapshot, the first of a slot counts. */
  /** Type of the value itself when it is a quantity such as bytes; absent: it is a count. */
  readonly type?: TypeName;
  readonly valueScope: 'interval' | 'point';
  /** Seconds of one slot: 1 or a multiple of 5. */
  readonly granularity: number;
  readonly retentionTime: number;
  readonly idleMax: number;
  readonly persistData: boolean;
  /** Number of aggregators that have its values; absent: one. */
  readonly replicas?: number;
  readonly enabled: boolean;
  readonly export?: Export;
  /** Milliseconds since 1970. */
  readonly crtime: number;
  /** The customer may not see values of earlier seconds: its limits were wider then. */
  readonly valuesFrom?: number;
}

/** Form of an fqid: it becomes part of routing keys and of paths. */
export const FQID = /^(global|cust:[\w-]{1,64});\d{1,15}$/;

/** The name in messages and logs, unique over all scopes. */
export function fqid(i: Pick<Instrumentation, 'id' | 'customer'>): string {
  return i.customer === undefined ? `global;${i.id}` : `cust:${i.customer};${i.id}`;
}

export interface Breakdown {
  readonly discrete?: string;
  readonly numeric?: string;
}

/** The decomposition, by arity. */
export function breakdownOf(i: Pick<Instrumentation, 'decomposition' | 'fields'>): Breakdown {
  const found: { discrete?: string; numeric?: string } = {};
  for (const field of i.decomposition) found[fieldType(i.fields[field] ?? 'string').arity] = field;
  return found;
}

export function shapeOfInstrumentation(i: Pick<Instrumentation, 'decomposition' | 'fields'>): Shape {
  const { discrete, numeric } = breakdownOf(i);
  return shapeOf({ discrete: discrete !== undefined, numeric: numeric !== undefined });
}

/** The grid its distributions are on (the log grid, unused, when it has none). */
export function gridOfInstrumentation(i: Pick<Instrumentation, 'decomposition' | 'fields'>): Grid {
  const { numeric } = breakdownOf(i);
  return numeric === undefined ? LOG_GRID : gridOf(i.fields[numeric] ?? 'number');
}

/** A node reports each second, or each fifth one where a slot is longer: a lost report costs 5 s at most. */
export function reportSeconds(granularity: number): number {
  return granularity < 5 ? 1 : 5;
}
