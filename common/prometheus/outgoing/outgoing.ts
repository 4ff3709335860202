/*
 * One value for another store. In: one point of an instrumentation. Out: a neutral form, which otlp.ts and
 * remote-write.ts encode.
 */
import type { Labels } from '../promql/expression';

export interface OutgoingHistogram {
  /** Counts of the intervals between bounds; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly uppers: readonly number[];
  /** Estimated. */
  readonly sum: number;
}

export interface Outgoing {
  /** Prometheus' name, with the unit. */
  readonly name: string;
  /** OpenTelemetry's name: ca.disk.physio_ops.latency. */
  readonly plainName: string;
  readonly help: string;
  /** seconds, bytes, ratio or ''. */
  readonly unit: string;
  /** Without the name. */
  readonly labels: Labels;
  /** Milliseconds since 1970: start and end of the value's interval, and start of counting. */
  readonly from: number;
  readonly to: number;
  readonly since: number;
  /** of: the point alone; total: since the start of counting. A snapshot has no total. `ended`: the series has ended. */
  readonly value:
    | { readonly kind: 'number'; readonly of: number; readonly total: number | undefined }
    | { readonly kind: 'histogram'; readonly of: OutgoingHistogram; readonly total: OutgoingHistogram }
    | { readonly kind: 'ended'; readonly histogram: boolean; readonly uppers: readonly number[] };
}
