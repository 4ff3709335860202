/*
 * One value on its way to somebody else's store. In: what an instrumentation had in one point. Out: this, which
 * otlp.ts and remote-write.ts write in their own form.
 */
import type { Labels } from '../promql/expression';

export interface OutgoingHistogram {
  /** Of each interval between bounds; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly uppers: readonly number[];
  /** Estimated. */
  readonly sum: number;
}

export interface Outgoing {
  /** As Prometheus has it, with its unit. */
  readonly name: string;
  /** As OpenTelemetry has it: ca.disk.physio_ops.latency. */
  readonly plainName: string;
  readonly help: string;
  /** seconds, bytes, ratio or ''. */
  readonly unit: string;
  /** Without the name. */
  readonly labels: Labels;
  /** Milliseconds since 1970: begin and end of what the value is of, and when counting began. */
  readonly from: number;
  readonly to: number;
  readonly since: number;
  /** of: the point alone; total: since counting began. A snapshot has no total. `ended`: the series is over. */
  readonly value:
    | { readonly kind: 'number'; readonly of: number; readonly total: number | undefined }
    | { readonly kind: 'histogram'; readonly of: OutgoingHistogram; readonly total: OutgoingHistogram }
    | { readonly kind: 'ended'; readonly histogram: boolean; readonly uppers: readonly number[] };
}
