/*
 * Deliveries, parsed and checked. In: untrusted deliveries. Out: values and messages whose senders may send them
 * (trust.ts), within each sender's rate. Malformed and refused ones are counted, and logged at a bounded rate.
 */
import { Allowance } from '../service/allowance';
import type { Clock } from '../service/clock';
import { CaError, messageOf } from '../service/errors';
import type { Log } from '../service/log';
import { fire } from '../service/probes';
import type { Seldom } from '../service/seldom';
import type { Delivery } from './broker/broker';
import { DATA_CONTENT, decodeData, type DataMessage } from './data';
import { decodeMessage, OtherVersion, type Message } from './message';
import type { Trust } from './trust';

export interface MessageCounts {
  received: number;
  sent: number;
  /** Malformed messages. */
  malformed: number;
  /** Messages whose sender may not send them, or sent too many. */
  refused: number;
  unroutable: number;
}

interface ReceptionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly trust: Trust;
  readonly seldom: Seldom;
  /** A message that we sent to ourselves, to test the way. */
  readonly isOwnPing: (message: Message, key: string) => boolean;
  readonly onMessage: (message: Message) => void;
}

/** Data messages of one node, per second and at once: resent values of a minute come in one burst. */
const VALUES_ALLOWED = { perSecond: 500, burst: 5000 };
const CONTROL_ALLOWED = { perSecond: 500, burst: 10_000 };

export class Reception {
  readonly counts: MessageCounts = { received: 0, sent: 0, malformed: 0, refused: 0, unroutable: 0 };
  onValues: ((message: DataMessage, bytes: number) => void) | undefined;
  /** Reports for which this is false are skipped. */
  wanted: ((fqid: string) => boolean) | undefined;
  onOtherVersion: ((other: OtherVersion) => void) | undefined;
  /** The greatest heard. */
  private fence = 0;
  private readonly values: Allowance;
  private readonly control: Allowance;
  private readonly o: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.o = options;
    const { clock } = options;
    this.values = new Allowance({ clock, ...VALUES_ALLOWED });
    this.control = new Allowance({ clock, ...CONTROL_ALLOWED });
  }

  /** Never throws. */
  take(delivery: Delivery): void {
    this.counts.received++;
    try {
      if (delivery.contentType === DATA_CONTENT) this.takeValues(delivery);
      else this.takeMessage(delivery);
    } catch (error) {
      this.drop(delivery, error);
    }
  }

  private takeValues({ body, user }: Delivery): void {
    const host = this.o.trust.valuesHost(user);
    if (host !== undefined && !this.values.take(host)) {
      throw new CaError('FORBIDDEN', `node ${host} sends too many messages`);
    }
    const message = decodeData(body, this.wanted);
    if (host !== undefined && host !== message.node) {
      throw new CaError('FORBIDDEN', `node ${host} sends values of ${JSON.stringify(message.node)}`);
    }
    fire('message-received', () => [message.node, 'values', body.length]);
    this.onValues?.(message, body.length);
  }

  private takeMessage({ body, key, user, type = '' }: Delivery): void {
    const { trust, isOwnPing, onMessage } = this.o;
    if (user !== undefined && !trust.shared && !this.control.take(user)) {
      throw new CaError('FORBIDDEN', `user ${user} sends too many messages`);
    }
    const message = decodeMessage(body, type);
    if (message.type === 'ping' && isOwnPing(message, key)) return;
    if (trust.sender(user, message).role === 'config') this.checkFence(message);
    fire('message-received', () => [message.from, message.type, body.length]);
    onMessage(message);
  }

  /** Of a pair of config services, one that was frozen or cut off while the other took over is not heeded any more. */
  private checkFence({ fence }: Message): void {
    if (fence === undefined) return;
    if (fence < this.fence)
      throw new CaError('FORBIDDEN', `config service ${fence} has been replaced by ${this.fence}`);
    this.fence = fence;
  }

  private drop({ key, user }: Delivery, error: unknown): void {
    if (error instanceof OtherVersion) this.onOtherVersion?.(error);
    const refused = error instanceof CaError && error.code === 'FORBIDDEN';
    if (refused) this.counts.refused++;
    else this.counts.malformed++;
    const others = this.o.seldom.occasion(`${refused} ${user ?? ''}`);
    if (others === undefined) return;
    const reason = messageOf(error).slice(0, 500);
    this.o.log.warn({ key, user, reason, others }, 'dropped a message (others like it: one line a minute)');
  }
}
