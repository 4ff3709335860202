/*
 * Whether the bus works for us, tested the same way as the data goes. In: messages received and returned. Out: health,
 * and repairs: bindings made again, and finally a new connection.
 *
 * A service that reads an exchange sends itself a message through it each second (echo.ts). A node reads none: it hears
 * the config service's beat, or is deaf and says so, and its queue is bound again.
 */
import { within } from '../service/deadline';
import type { Clock } from '../service/clock';
import { messageOf } from '../service/errors';
import type { Log } from '../service/log';
import type { Broker } from './broker/broker';
import { Echo } from './echo';
import { identityOfKey } from './identity';
import type { ExchangeKind, Routes } from './route';

/** Each service sends itself a message this often … */
const PING_EVERY_MS = 1000;
/** … is unhealthy when none has come back for this long … */
const PING_LATE_MS = 5000;
/** … and makes a new connection after this. */
const RECONNECT_MS = 15_000;

/** State of the bus connection, for status and readiness. */
export interface PeerHealth {
  readonly ok: boolean;
  /** Why it is not healthy. */
  readonly reason?: string;
  /** Age of the newest message to ourselves that has come back, ms; 0 before the first is due. */
  readonly selfPingMs: number;
  /** All services share one broker user: who sends a message cannot be proved. */
  readonly sharedUser: boolean;
}

interface WatchOptions {
  readonly routes: Routes;
  readonly key: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly sharedUser: boolean;
  readonly broker: () => Broker | undefined;
  /** Sends a message to ourselves, which comes back with its id, or as unroutable. */
  readonly ping: (key: string, id: string) => void;
}

/** The config service sends a beat every 2 s; a member without one for this long is deaf. */
const DEAF_MS = 4500;
/** A message to ourselves is lost after this time; also the least interval between repairs. */
const LATE_MS = 1500;
const MEND_MS = 500;
/** Interval at which the config service checks that the exchanges exist. */
const DECLARE_MS = 2000;
/** Timeout of a check of the broker. */
const CHECK_MS = 5000;

export class Watch {
  private readonly echo: Echo;
  private readonly o: WatchOptions;
  private timer: NodeJS.Timeout | undefined;
  private blocked: string | undefined;
  private upAt = 0;
  private beatAt = 0;
  private deliveredAt = 0;
  private returnedAt = 0;
  private readonly mendedAt = new Map<string, number>();
  private declaredAt = 0;
  private checkedAt = 0;

  constructor(options: WatchOptions) {
    this.o = options;
    this.echo = new Echo(options.clock, echoKeys(options));
  }

  /** Keys besides our own that must be bound for the echoes. */
  get keys(): readonly string[] {
    return this.echo.keys.filter((key) => key !== this.o.key);
  }

  get heardUntil(): number {
    return this.echo.echoedAt(this.o.key);
  }

  /** A member that hears nothing from the config service: its queue is not bound, or the service is away. */
  get deaf(): boolean {
    const { beatAt, upAt, returnedAt } = this;
    return beatAt < upAt || this.o.clock.now() - beatAt > DEAF_MS || returnedAt > beatAt;
  }

  get health(): PeerHealth {
    const { routes, sharedUser } = this.o;
    const { key, ms } = this.worst;
    const state = { selfPingMs: ms, sharedUser };
    if (this.blocked !== undefined)
      return { ok: false, reason: `the broker takes no messages: ${this.blocked}`, ...state };
    if (!this.connected) return { ok: false, reason: 'the broker is away', ...state };
    if (ms <= PING_LATE_MS) return { ok: true, ...state };
    const what =
      key === undefined
        ? `the config service has not been heard for ${ms} ms`
        : `messages to ourselves through ${routes.exchangeOf(key)} take more than ${ms} ms`;
    return { ok: false, reason: what, ...state };
  }

  up(): void {
    this.upAt = this.o.clock.now();
    this.blocked = undefined;
    this.echo.unable();
  }

  /** The broker blocks publishing, with its reason; undefined: unblocked. */
  blockedBy(reason: string | undefined): void {
    this.blocked = reason;
  }

  beat(): void {
    this.beatAt = this.o.clock.now();
  }

  delivered(): void {
    this.deliveredAt = this.o.clock.now();
  }

  /** True: our own message, which came back. */
  came(key: string, id: string): boolean {
    return this.echo.came(key, id);
  }

  /** True: our own message, returned as unroutable, so our binding is gone. */
  returned(key: string, id: string): boolean {
    if (!this.echo.returned(key, id)) return false;
    this.returnedAt = this.o.clock.now();
    this.mend(key);
    return true;
  }

  /** The broker refused a message to one of these exchanges. */
  refused(kinds: readonly ExchangeKind[]): void {
    for (const key of this.echo.keys) if (kinds.includes(this.o.routes.kindOf(key))) this.mend(key);
  }

  start(): void {
    this.echo.unable();
    let due = this.o.clock.now();
    const look = (): void => {
      const now = this.o.clock.now();
      // While the broker is away or blocked, or this process was stopped, nothing could come back: that proves nothing.
      if (!this.connected || now - due > PING_EVERY_MS) this.echo.unable();
      due = now + PING_EVERY_MS;
      if (this.connected) this.look(now);
    };
    look();
    this.timer = setInterval(look, PING_EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(now: number): void {
    if (this.o.key === this.o.routes.config && now - this.declaredAt >= DECLARE_MS) {
      this.declaredAt = now;
      void this.o
        .broker()
        ?.declare()
        .catch(() => undefined);
    }
    for (const key of this.echo.keys) {
      if (this.echo.lateMs(key) > LATE_MS) this.mend(key);
      this.o.ping(key, this.echo.next(key));
    }
    // While anything arrives, we are only behind: a new connection would lose what is queued for us.
    const quiet = Math.min(this.worst.ms, now - Math.max(this.deliveredAt, this.upAt));
    if (quiet <= RECONNECT_MS || now - this.checkedAt <= RECONNECT_MS) return;
    this.checkedAt = now;
    void this.check();
  }

  private mend(key: string): void {
    const now = this.o.clock.now();
    if (now - (this.mendedAt.get(key) ?? 0) < MEND_MS) return;
    this.mendedAt.set(key, now);
    this.o
      .broker()
      ?.mend(this.o.routes.exchangeOf(key))
      .catch((error: unknown) => {
        this.o.log.debug({ reason: messageOf(error) }, 'cannot mend our bindings yet');
      });
  }

  private async check(): Promise<void> {
    const broker = this.o.broker();
    if (broker === undefined) return;
    const answers = await within(CHECK_MS, broker.check(), () => false);
    // A node whose config service is away hears nothing, although its connection works.
    if (!broker.connected || (answers && this.echo.keys.length === 0)) return;
    const why = 'messages to ourselves do not come back';
    this.o.log.warn({}, `${why}; connecting anew`);
    this.echo.unable();
    broker.reconnect(why);
  }

  private get connected(): boolean {
    return this.o.broker()?.connected ?? false;
  }

  private get worst(): { readonly key?: string; readonly ms: number } {
    const silent = this.o.clock.now() - Math.max(this.beatAt, this.upAt);
    return this.echo.worst ?? { ms: this.upAt === 0 ? 0 : Math.max(0, silent) };
  }
}

function echoKeys({ routes, key }: Pick<WatchOptions, 'routes' | 'key'>): string[] {
  switch (identityOfKey(key, routes)?.role) {
    case 'config':
      return [key, routes.echo('down', key)];
    case 'aggregator':
      return [key, routes.echo('values', key)];
    case 'node':
      return [];
    case 'operator':
    case undefined:
      return [key];
  }
}
