/*
 * What comes from the broker, read and judged. In: deliveries, from anybody. Out: values and messages of those who may send
 * them (trust.ts), no more of each than one may send. What is malformed or refused is counted, and logged now and then.
 */
import { Allowance } from '../service/allowance';
import type { Clock } from '../service/clock';
import { CaError, messageOf } from '../service/errors';
import type { Log } from '../service/log';
import { fire } from '../service/probes';
import type { Seldom } from '../service/seldom';
import type { Delivery } from './broker';
import { DATA_CONTENT, decodeData, type DataMessage } from './data';
import { decodeMessage, OtherVersion, type Message } from './message';
import type { Trust } from './trust';

export interface MessageCounts {
  received: number;
  sent: number;
  /** Messages that were not what they should be. */
  malformed: number;
  /** Messages of those who may not send them, or too many of one sender. */
  refused: number;
  unroutable: number;
}

interface ReceptionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly trust: Trust;
  readonly seldom: Seldom;
  /** A message that we have sent to ourselves, to see that the way is open. */
  readonly isOwnPing: (message: Message, key: string) => boolean;
  readonly onMessage: (message: Message) => void;
}

/** Of one node in a second, and at once: values of a minute that are asked for again come in one go. */
const VALUES_ALLOWED = { perSecond: 500, burst: 5000 };
const CONTROL_ALLOWED = { perSecond: 500, burst: 10_000 };

export class Reception {
  readonly counts: MessageCounts = { received: 0, sent: 0, malformed: 0, refused: 0, unroutable: 0 };
  onValues: ((message: DataMessage, bytes: number) => void) | undefined;
  /** Reports that this says no to are left out. */
  wanted: ((fqid: string) => boolean) | undefined;
  onOtherVersion: ((other: OtherVersion) => void) | undefined;
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
    trust.sender(user, message);
    fire('message-received', () => [message.from, message.type, body.length]);
    onMessage(message);
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
