/* One outgoing report: from tick.ts to outbox.ts, and kept by resend-buffer.ts. */
import type { Report } from '../../../common/wire/data';

/** One instrumentation's report and the seconds that it covers. */
export interface Parcel {
  readonly second: number;
  readonly duration: number;
  readonly report: Report;
  /** A snapshot is not a sum of events: if it is not sent it is missing, but no events are lost. */
  readonly snapshot?: boolean;
}
