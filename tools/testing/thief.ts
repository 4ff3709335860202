/*
 * A thief with the credentials of one node, and a plain client. In: the node's broker URL. Out: the broker's answers to
 * all attempts. It follows none of our rules: it sends what a thief can send.
 */
import { connect, type Channel, type Options } from 'amqplib';
import { DATA_CONTENT, encodeData } from '../../common/wire/data';
import { CONTROL_CONTENT, PROTOCOL_VERSION, type MessageType } from '../../common/wire/message';
import { routes } from '../../common/wire/route';

export class Thief {
  readonly keys = routes('');
  /** Of the node whose credentials these are. */
  readonly own: string;
  private readonly url: string;
  private readonly host: string;
  private readonly user: string;

  constructor(url: string, host: string) {
    this.url = url;
    this.host = host;
    this.user = decodeURIComponent(new URL(url).username);
    this.own = this.keys.instrumenter(host);
  }

  /** The broker's message when it refuses, on a separate connection; undefined when it does not. */
  async refusal(what: (channel: Channel) => unknown): Promise<string | undefined> {
    const model = await connect(this.url);
    model.on('error', () => undefined);
    let refusal: string | undefined;
    try {
      const channel = await model.createChannel();
      channel.on('error', (error: Error) => (refusal = error.message));
      await what(channel);
      // The publisher is notified a moment later, before the answer to its next request.
      await channel.checkExchange('amq.direct');
    } catch (error) {
      refusal ??= error instanceof Error ? error.message : String(error);
    } finally {
      await model.close().catch(() => undefined);
    }
    return refusal;
  }

  message(type: MessageType, body: object, more: object = {}): Buffer {
    const id = `${process.pid}.1`;
    const envelope = {
      version: PROTOCOL_VERSION,
      type,
      id,
      time: Date.now(),
      host: this.host,
      from: this.own,
    };
    return Buffer.from(JSON.stringify({ ...envelope, body, ...more }));
  }

  control(type: string): Options.Publish {
    return { contentType: CONTROL_CONTENT, type, userId: this.user };
  }

  /** To where the broker lets it through; `more` replaces parts of the envelope. Throws when the broker refuses. */
  async send(key: string, type: MessageType, body: object, more: object = {}): Promise<void> {
    await this.through((channel) => {
      channel.publish(this.keys.exchangeOf(key), key, this.message(type, body, more), this.control(type));
    });
  }

  async report(fqid: string, node: string, second: number, number: number, lost = 0): Promise<void> {
    const reports = [{ fqid, lost, value: { shape: 'number' as const, number } }];
    const body = encodeData({ node, second, duration: 1, sent: Date.now(), reports });
    await this.through((channel) => {
      const { exchanges, instrumentation } = this.keys;
      const how = { contentType: DATA_CONTENT, userId: this.user };
      channel.publish(exchanges.values, instrumentation(fqid), body, how);
    });
  }

  async through(what: (channel: Channel) => unknown): Promise<void> {
    const refusal = await this.refusal(what);
    if (refusal !== undefined) throw new Error(`the broker did not let it through: ${refusal}`);
  }
}
