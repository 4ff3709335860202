/*
 * Reports that have been sent, for a while: a broker that crashes, or a connection that drops data silently, loses
 * what was in transit. In: reports that were sent. Out: the same again, when an aggregator asks (services/aggregator/ingest/recall.ts).
 * Packed as on the wire, which takes a tenth of the memory of the objects.
 */
import { decodeData, encodeData } from '../../../common/wire/data';
import type { Parcel } from './parcel';

/** Sent reports are kept for LIMITS.outboxSeconds, in case they did not arrive. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Overhead of a packed report, in bytes. */
const OVERHEAD_BYTES = 200;

export class ResendBuffer {
  /** By fqid, then by first second. */
  private readonly parcels = new Map<string, Map<number, Buffer>>();
  private held = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number = KEPT_BYTES) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.held;
  }

  keep({ second, duration, report }: Parcel): void {
    const seconds = this.parcels.get(report.fqid) ?? new Map<number, Buffer>();
    this.parcels.set(report.fqid, seconds);
    if (seconds.has(second)) return; // sent again
    const bytes = encodeData({ node: 'n', second, duration, sent: 0, reports: [report] });
    seconds.set(second, bytes);
    this.held += bytes.length + OVERHEAD_BYTES;
    while (this.held > this.bytesMax && this.dropOldest());
  }

  get(fqid: string, second: number): Parcel | undefined {
    const bytes = this.parcels.get(fqid)?.get(second);
    if (bytes === undefined) return undefined;
    const { duration, reports } = decodeData(bytes);
    const [report] = reports;
    return report === undefined ? undefined : { second, duration, report };
  }

  /** Drops reports that begin before this second. */
  forget(before: number): void {
    for (const [fqid, seconds] of this.parcels) {
      // In order of sending, which is the order of time except for late reports.
      for (const second of seconds.keys()) {
        if (second >= before) break;
        this.drop(fqid, seconds, second);
      }
    }
  }

  private dropOldest(): boolean {
    let oldest: { fqid: string; seconds: Map<number, Buffer>; second: number } | undefined;
    for (const [fqid, seconds] of this.parcels) {
      const [second] = seconds.keys();
      if (second !== undefined && second < (oldest?.second ?? Infinity)) oldest = { fqid, seconds, second };
    }
    if (oldest !== undefined) this.drop(oldest.fqid, oldest.seconds, oldest.second);
    return oldest !== undefined;
  }

  private drop(fqid: string, seconds: Map<number, Buffer>, second: number): void {
    this.held -= (seconds.get(second)?.length ?? 0) + OVERHEAD_BYTES;
    seconds.delete(second);
    if (seconds.size === 0) this.parcels.delete(fqid);
  }
}
