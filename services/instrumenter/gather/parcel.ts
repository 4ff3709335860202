/* One report on its way out of this node: from tick.ts to outbox.ts, and kept by resend-buffer.ts. */
import type { Report } from '../../../common/wire/data';

/** One instrumentation's report and the seconds that it covers. */
export interface Parcel {
  readonly second: number;
  readonly duration: number;
  readonly report: Report;
  /** A snapshot is no sum of events: what is not sent is missing, but no events are lost. */
  readonly snapshot?: boolean;
}
