/*
 * A channel that reopens: opened on first use, and again after the broker closed it, as it does when one publishes
 * to an exchange that is gone. In: a connection. Out: channels, one at a time. What is published while one is being
 * opened waits, up to a bound. Each kind of traffic has its own channel, so that none waits for another.
 */
import type { Channel, ChannelModel } from 'amqplib';
import { messageOf } from '../../service/errors';
import type { Log } from '../../service/log';

/** Greatest number of messages that wait for a channel to open, which takes milliseconds. */
const WAITING = 1000;
/** A channel that the broker closes again and again is opened at most this often. */
const PAUSE_MS = 250;

export class StandingChannel {
  private channel: Channel | undefined;
  private opening: Promise<Channel> | undefined;
  private waiting: ((channel: Channel) => void)[] = [];
  private openedAt = -Infinity;
  private ended = false;
  private readonly o: {
    readonly model: ChannelModel;
    readonly log: Log;
    readonly onOpen?: (channel: Channel) => void;
    /** The broker closed it: an exchange or queue that was used does not exist. */
    readonly onRefused?: () => void;
  };

  constructor(options: StandingChannel['o']) {
    this.o = options;
  }

  /** False when too much waits for the channel already. */
  use(what: (channel: Channel) => void): boolean {
    if (this.ended) return false;
    if (this.channel !== undefined) {
      what(this.channel);
      return true;
    }
    if (this.waiting.length >= WAITING) return false;
    this.waiting.push(what);
    void this.open().catch(() => undefined);
    return true;
  }

  /** Rejects when the connection is gone. */
  async open(): Promise<Channel> {
    if (this.channel !== undefined) return this.channel;
    this.opening ??= this.reopen().finally(() => (this.opening = undefined));
    return this.opening;
  }

  /** Flushes the channel and closes it. */
  async close(): Promise<void> {
    this.ended = true;
    await this.opening?.catch(() => undefined);
    const last = this.channel;
    this.channel = undefined;
    await last?.close().catch(() => undefined);
  }

  private async reopen(): Promise<Channel> {
    const wait = this.openedAt + PAUSE_MS - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.openedAt = Date.now();
    try {
      const channel = await this.o.model.createChannel();
      // Without a listener an 'error' event would end the process.
      channel.on('error', (error) => {
        this.o.log.debug({ reason: messageOf(error) }, 'the broker closed a channel');
        this.o.onRefused?.();
      });
      channel.on('close', () => {
        if (this.channel === channel) this.channel = undefined;
      });
      this.o.onOpen?.(channel);
      this.channel = channel;
      for (const what of this.waiting.splice(0)) what(channel);
      return channel;
    } catch (error) {
      this.waiting = [];
      throw error;
    }
  }
}
