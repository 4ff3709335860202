/*
 * Exchanges and bindings, on their own channel: a bind is a transaction of the whole cluster and may wait for a dead
 * node of it, and nothing else may wait behind it. In: wanted bindings. Out: each is made once, again after a
 * reconnect, and again after it was deleted.
 */
import type { Channel, ChannelModel } from 'amqplib';
import { messageOf } from '../../service/errors';
import type { Log } from '../../service/log';
import { StandingChannel } from './channel';
import type { Routes } from '../route';

/** Interval between attempts to bind. */
const AGAIN_MS = 500;
/** Greatest number of bind requests in flight. */
const AT_A_TIME = 100;

export class Topology {
  /** Key → our queue. */
  private readonly wanted = new Map<string, string>();
  private readonly bound = new Set<string>();
  private channel: StandingChannel | undefined;
  /** Serializes operations: an error closes the channel for everything in flight. */
  private tail: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private readonly o: { readonly routes: Routes; readonly declares: boolean; readonly log: Log };

  constructor(options: Topology['o']) {
    this.o = options;
  }

  /** Binds everything on a new connection. Resolves when done; rejects when the exchanges cannot be declared. */
  async attach(model: ChannelModel): Promise<void> {
    this.channel = new StandingChannel({ model, log: this.o.log });
    this.bound.clear();
    this.tail = Promise.resolve();
    if (this.o.declares) await this.declare();
    await this.bindAll();
  }

  detach(): void {
    this.channel = undefined;
    clearTimeout(this.timer);
  }

  /** Kept across reconnects. Resolves when bound, or at once without a connection; rejects with the reason. */
  async bind(key: string, queue: string): Promise<void> {
    this.wanted.set(key, queue);
    if (this.channel === undefined || this.bound.has(key)) return;
    try {
      await this.bindOne(key, queue);
    } catch (error) {
      this.soon();
      throw error;
    }
  }

  async unbind(key: string): Promise<void> {
    const queue = this.wanted.get(key);
    this.wanted.delete(key);
    this.bound.delete(key);
    if (queue === undefined) return;
    await this.run((channel) => channel.unbindQueue(queue, this.o.routes.exchangeOf(key), key));
  }

  /** Binds another service's queue to keys, once. Rejects when there is no such queue. */
  async lend(queue: string, keys: readonly string[]): Promise<void> {
    const { exchangeOf } = this.o.routes;
    await this.run(async (channel) => {
      for (const key of keys) await channel.bindQueue(queue, exchangeOf(key), key);
    });
  }

  /** Unbinds another service's queue. Rejects when there is no such queue. */
  async release(queue: string, keys: readonly string[]): Promise<void> {
    const { exchangeOf } = this.o.routes;
    await this.run(async (channel) => {
      for (const key of keys) await channel.unbindQueue(queue, exchangeOf(key), key);
    });
  }

  /** Binds everything of one exchange again, after bindings were or may be lost. Resolves when done. */
  async again(exchange: string): Promise<void> {
    for (const key of this.bound) if (this.o.routes.exchangeOf(key) === exchange) this.bound.delete(key);
    await this.bindAll();
  }

  /** Declares missing exchanges; existing ones stay unchanged. */
  async declare(): Promise<void> {
    const { exchanges } = this.o.routes;
    for (const name of Object.values(exchanges)) {
      await this.run((channel) => channel.assertExchange(name, 'direct', { durable: false }));
    }
  }

  private async bindAll(): Promise<void> {
    const missing = [...this.wanted].filter(([key]) => !this.bound.has(key));
    try {
      for (let i = 0; i < missing.length; i += AT_A_TIME) {
        const some = missing.slice(i, i + AT_A_TIME);
        await this.run((channel) =>
          Promise.all(
            some.map(async ([key, queue]) => {
              await channel.bindQueue(queue, this.o.routes.exchangeOf(key), key);
              this.bound.add(key);
            }),
          ),
        );
      }
    } catch (error) {
      this.o.log.debug({ reason: messageOf(error) }, 'cannot bind yet');
      this.soon();
    }
  }

  private async bindOne(key: string, queue: string): Promise<void> {
    await this.run((channel) => channel.bindQueue(queue, this.o.routes.exchangeOf(key), key));
    if (this.wanted.get(key) === queue) this.bound.add(key);
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.bindAll(), AGAIN_MS);
    this.timer.unref();
  }

  private async run<T>(what: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    const { channel } = this;
    if (channel === undefined) return undefined;
    const turn = this.tail.then(async () => what(await channel.open()));
    this.tail = turn.catch(() => undefined);
    return turn;
  }
}
