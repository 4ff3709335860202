/*
 * The send queue. In: one report at a time, from tick.ts. Out: data messages to the broker, in order; what is
 * reported in one turn of the event loop about the same second travels in one message, under the keys of all.
 * While the broker is away reports wait here for LIMITS.outboxSeconds; the oldest are dropped first and counted, and the next
 * report of the same instrumentation says how many events were lost. What was sent is kept as long (resend-buffer.ts), because
 * it is not known whether it arrived. Next on the walk: common/wire/data.ts.
 */
import type { Clock } from '../../../common/service/clock';
import type { DataMessage } from '../../../common/wire/data';
import type { Parcel } from './parcel';
import { CaError } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Routes } from '../../../common/wire/route';
import type { ResendItems } from '../../../common/wire/message';
import { totalOf, type Value } from '../../../common/model/value';
import { ResendBuffer } from './resend-buffer';

/** Maximum number of reports that wait while the broker is away. */
export const REPORTS = 12_000;
/** Each may add a routing key to a message's header, which is one frame of 128 KiB. */
export const REPORTS_PER_MESSAGE = 200;

interface OutboxOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly routes: Pick<Routes, 'instrumentation'>;
  /** False when the broker is away: the message was not accepted. */
  readonly send: (keys: readonly string[], message: DataMessage) => boolean;
  /** Called for each report that is dropped, with its number of events. */
  readonly gaveUp?: (parcel: Parcel, events: number) => void;
}

/** In reports. */
export interface OutboxCounts {
  sent: number;
  /** Reports dropped because the broker was away for too long. */
  lost: number;
  /** Reports resent because an aggregator missed them. */
  resent: number;
}

export class Outbox {
  readonly counts: OutboxCounts = { sent: 0, lost: 0, resent: 0 };
  private readonly options: OutboxOptions;
  private waiting: Parcel[] = [];
  private next: NodeJS.Immediate | undefined;
  private readonly kept = new ResendBuffer();
  /** Events of dropped reports by instrumentation, until a report has counted them as lost. */
  private readonly owed = new Map<string, number>();

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  get queued(): number {
    return this.waiting.length;
  }

  put(parcel: Parcel): void {
    this.giveUpOldest();
    this.waiting.push(this.attachLost(parcel));
    this.soon();
  }

  /** Resends these at once. Returns those that are not kept here. Throws when the broker does not accept them. */
  resend(items: ResendItems): ResendItems {
    const found: Parcel[] = [];
    const unknown: { fqid: string; seconds: number[] }[] = [];
    for (const { fqid, seconds } of items) {
      const missing = seconds.filter((second) => {
        const parcel = this.kept.get(fqid, second);
        if (parcel !== undefined) found.push(parcel);
        // Waiting reports are sent by themselves, in order.
        return (
          parcel === undefined && !this.waiting.some((w) => w.second === second && w.report.fqid === fqid)
        );
      });
      if (missing.length > 0) unknown.push({ fqid, seconds: missing });
    }
    for (let i = 0; i < found.length; i += REPORTS_PER_MESSAGE) {
      for (const message of messagesOf(found.slice(i, i + REPORTS_PER_MESSAGE))) {
        if (!this.send(message)) throw new CaError('NO_RESOURCE', 'the broker takes no messages now');
        this.counts.resent += message.length;
      }
    }
    return unknown;
  }

  /** Sends the waiting reports, the oldest seconds first, as many to a message as fit. */
  flush(): void {
    const slice = this.waiting.slice(0, REPORTS_PER_MESSAGE);
    const sent = new Set<Parcel>();
    for (const message of messagesOf(slice)) {
      if (!this.send(message)) break;
      for (const parcel of message) {
        sent.add(parcel);
        this.kept.keep(parcel);
        this.counts.sent++;
      }
    }
    this.kept.forget(this.oldest());
    this.waiting = [...slice.filter((parcel) => !sent.has(parcel)), ...this.waiting.slice(slice.length)];
    if (sent.size === slice.length && this.waiting.length > 0) this.soon();
  }

  /** Reports that still wait are lost. */
  close(): void {
    this.flush();
    clearImmediate(this.next);
    this.counts.lost += this.waiting.length;
    this.waiting = [];
  }

  private soon(): void {
    this.next ??= setImmediate(() => {
      this.next = undefined;
      this.flush();
    });
  }

  private giveUpOldest(): void {
    const oldest = this.oldest();
    let surplus = Math.max(this.waiting.length + 1 - REPORTS, 0);
    // Ordered by second; a late report is inserted at its place.
    while ((this.waiting[surplus]?.second ?? Infinity) < oldest) surplus++;
    if (surplus === 0) return;
    for (const parcel of this.waiting.splice(0, surplus)) {
      const { report, snapshot } = parcel;
      this.counts.lost++;
      const events = report.lost + (snapshot === true ? 0 : totalOf(report.value));
      this.options.gaveUp?.(parcel, events);
      if (events > 0) this.owed.set(report.fqid, (this.owed.get(report.fqid) ?? 0) + events);
    }
    // An instrumentation that never reports again takes no more memory than this.
    for (const fqid of this.owed.keys()) {
      if (this.owed.size <= REPORTS) break;
      this.owed.delete(fqid);
    }
  }

  /** The report, with what was dropped before it counted as lost. */
  private attachLost(parcel: Parcel): Parcel {
    const { report } = parcel;
    const events = this.owed.get(report.fqid);
    if (events === undefined) return parcel;
    this.owed.delete(report.fqid);
    return { ...parcel, report: { ...report, lost: report.lost + events } };
  }

  private oldest(): number {
    return Math.floor(this.options.clock.now() / 1000) - LIMITS.outboxSeconds;
  }

  private send(parcels: readonly Parcel[]): boolean {
    const { host, clock, routes, send } = this.options;
    const [first] = parcels;
    if (first === undefined) return true;
    const { second, duration } = first;
    const reports = parcels.map(({ report }) => report);
    const keys = reports.map(({ fqid }) => routes.instrumentation(fqid));
    // `sent` is the time of sending, also for a report that has waited: clock skew is measured by it.
    return send(keys, { node: host, second, duration, sent: clock.now(), reports });
  }
}

/** Reports of the same seconds together, the oldest seconds first, none larger than a message may be. */
function messagesOf(parcels: readonly Parcel[]): Parcel[][] {
  const bySeconds = new Map<string, Parcel[]>();
  for (const parcel of parcels) {
    const seconds = `${parcel.second} ${parcel.duration}`;
    bySeconds.set(seconds, [...(bySeconds.get(seconds) ?? []), parcel]);
  }
  return [...bySeconds.values()].sort(([a], [b]) => (a?.second ?? 0) - (b?.second ?? 0)).flatMap(splitBySize);
}

function splitBySize(parcels: readonly Parcel[]): Parcel[][] {
  const messages: Parcel[][] = [];
  let room = 0;
  for (const parcel of parcels) {
    const bytes = bytesAtMost(parcel.report.value);
    if (messages.length === 0 || bytes > room) {
      messages.push([]);
      room = LIMITS.dataMessageBytes / 2;
    }
    messages.at(-1)?.push(parcel);
    room -= bytes;
  }
  return messages;
}

/** More than its packed form ever takes: 9 bytes a number, 3 a UTF-16 unit. */
function bytesAtMost(value: Value): number {
  const text = (key: string): number => 4 + 3 * key.length;
  switch (value.shape) {
    case 'number':
      return 9;
    case 'keyed':
      return [...value.numbers.keys()].reduce((sum, key) => sum + text(key) + 9, 0);
    case 'distribution':
      return 9 * value.distribution.length;
    case 'keyed-distribution':
      return [...value.distributions].reduce((sum, [key, d]) => sum + text(key) + 9 * d.length, 0);
  }
}
