/*
 * Delivery to one receiver: one request at a time, in order. In: bodies, and which statuses to retry. Out: requests,
 * with back-off; failures are counted by reason. While the receiver is away a bounded queue is kept, of which the oldest
 * are dropped first.
 */
import { Backoff, jittered } from '../../../common/service/backoff';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Receiver {
  readonly name: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether to send the same body again after this status. */
  readonly again: (status: number) => boolean;
  /** Points that a 2xx answer refused, and why. */
  readonly refused: (
    answer: Answer,
    points: number,
  ) => { readonly points: number; readonly reason: string } | undefined;
}

interface Limits {
  readonly bytes: number;
  readonly answerMs: number;
  readonly pauseMs: number;
  readonly pauseMsMax: number;
}

const LIMITS: Limits = { bytes: 16 * 1024 * 1024, answerMs: 10_000, pauseMs: 500, pauseMsMax: 30_000 };
const ANSWER_BYTES = 64 * 1024;
const RETRY_AFTER_MS_MAX = 60_000;

interface Parcel {
  readonly body: Buffer;
  readonly points: number;
}

export type LossReason = 'queue_full' | 'refused' | 'not_understood';

export class Delivery {
  readonly counts = {
    sent: 0,
    requests: 0,
    retries: 0,
    lost: { queue_full: 0, refused: 0, not_understood: 0 },
  };
  bytes = 0;
  private readonly queue: Parcel[] = [];
  private readonly limits: Limits;
  private readonly receiver: Receiver;
  private readonly log: Log;
  private sending = false;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private readonly backoff: Backoff;
  private complained = 0;

  constructor(receiver: Receiver, log: Log, limits: Partial<Limits> = {}) {
    this.receiver = receiver;
    this.log = log;
    this.limits = { ...LIMITS, ...limits };
    this.backoff = new Backoff({ first: this.limits.pauseMs, most: this.limits.pauseMsMax });
  }

  get name(): string {
    return this.receiver.name;
  }

  put(body: Buffer, points: number): void {
    if (this.closed) {
      this.counts.lost.queue_full += points;
      return;
    }
    this.queue.push({ body, points });
    this.bytes += body.length;
    // The one in flight may still arrive, so it is not dropped.
    while (this.bytes > this.limits.bytes && this.queue.length > 1) {
      const [oldest] = this.queue.splice(this.sending ? 1 : 0, 1);
      this.bytes -= oldest?.body.length ?? 0;
      this.counts.lost.queue_full += oldest?.points ?? 0;
    }
    this.next();
  }

  /** Drops the queue, and counts it. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const { points } of this.queue.splice(0)) this.counts.lost.queue_full += points;
    this.bytes = 0;
  }

  private next(): void {
    const [parcel] = this.queue;
    if (parcel === undefined || this.sending || this.timer !== undefined || this.closed) return;
    this.sending = true;
    void this.send(parcel).then((wait) => {
      this.sending = false;
      if (this.closed) return;
      if (wait === undefined) {
        this.queue.shift();
        this.bytes -= parcel.body.length;
        this.backoff.succeeded();
        this.next();
        return;
      }
      this.counts.retries++;
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.next();
      }, wait);
      this.timer.unref();
    });
  }

  /** undefined: done, delivered or not; else milliseconds until the next attempt. */
  private async send({ body, points }: Parcel): Promise<number | undefined> {
    this.counts.requests++;
    let answer: Answer;
    try {
      answer = await this.post(body);
    } catch (error) {
      this.complain(messageOf(error));
      return jittered(this.backoff.failed());
    }
    if (answer.status >= 200 && answer.status < 300) {
      const refused = this.receiver.refused(answer, points);
      this.counts.sent += points - (refused?.points ?? 0);
      if (refused !== undefined) {
        this.counts.lost.refused += refused.points;
        this.complain(refused.reason);
      }
      return undefined;
    }
    this.complain(`${answer.status} ${answer.text.slice(0, 200)}`);
    if (this.receiver.again(answer.status))
      return retryAfter(answer.headers['retry-after']) ?? jittered(this.backoff.failed());
    this.counts.lost[answer.status === 415 ? 'not_understood' : 'refused'] += points;
    return undefined;
  }

  /** Once a minute at most. */
  private complain(reason: string): void {
    const now = performance.now();
    if (this.complained > 0 && now - this.complained < 60_000) return;
    this.complained = now;
    this.log.warn({ receiver: this.receiver.name, reason }, 'values could not be delivered');
  }

  private post(body: Buffer): Promise<Answer> {
    const { url, headers } = this.receiver;
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = open(
        url,
        {
          method: 'POST',
          headers: { 'User-Agent': 'cloud-analytics/0.1', ...headers, 'Content-Length': body.length },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            text += piece;
            if (text.length > ANSWER_BYTES) request.destroy(new Error('its answer is too long'));
          });
          response.once('error', reject);
          response.once('end', () => {
            clearTimeout(timer);
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), this.limits.answerMs);
      request.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.end(body);
    });
  }
}

/** Seconds, or a date. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX) : undefined;
}
