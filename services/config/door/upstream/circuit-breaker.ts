/*
 * A circuit breaker for an aggregator. In: results of requests, and a probe of whether it is alive. Out: in or out of
 * rotation. It goes out after a few consecutive failures, or when a probe fails; then it is probed at growing
 * intervals until one succeeds, and is in again. One probe at a time; none without requests.
 */
import { Backoff } from '../../../../common/service/backoff';

interface RotationOptions {
  /** Resolves when it is alive, else rejects, within about a second. */
  readonly probe: () => Promise<void>;
  readonly failuresMax: number;
  /** Intervals between probes: the first, and the longest. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** It went out or came back. */
  readonly changed: (out: boolean) => void;
}

export class CircuitBreaker {
  private readonly o: RotationOptions;
  private readonly backoff: Backoff;
  private failures = 0;
  private probing = false;
  private timer: NodeJS.Timeout | undefined;
  private isOut = false;
  private isWanted = true;
  private closed = false;
  private aliveAt = -Infinity;

  constructor(options: RotationOptions) {
    this.o = options;
    this.backoff = new Backoff({ first: options.pauseMs, most: options.pauseMsMax });
  }

  get out(): boolean {
    return this.isOut;
  }

  succeeded(): void {
    this.failures = 0;
  }

  /** A request could not be answered. */
  failed(): void {
    this.failures++;
    if (this.failures >= this.o.failuresMax) this.leave();
    else this.doubt();
  }

  /** A request takes long: probe the aggregator. */
  doubt(): void {
    // Hundreds of requests may wait for data at a time: one successful probe is enough for a while.
    const known = performance.now() - this.aliveAt < this.o.pauseMs;
    if (!known && !this.probing && !this.isOut && !this.closed) this.askFirst();
  }

  /** A request was refused because it is out. */
  wanted(): void {
    this.isWanted = true;
    if (!this.probing && !this.closed) this.askFirst();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private leave(): void {
    if (this.isOut || this.closed) return;
    this.goOut();
    if (!this.probing) this.askFirst();
  }

  private goOut(): void {
    this.isOut = true;
    this.isWanted = true;
    this.o.changed(true);
  }

  private askFirst(): void {
    this.backoff.succeeded();
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.probing = true;
    try {
      await this.o.probe();
      this.failures = 0;
      this.aliveAt = performance.now();
      this.probing = false;
      if (this.isOut) {
        this.isOut = false;
        this.o.changed(false);
      }
    } catch {
      if (this.closed) return;
      if (!this.isOut) this.goOut();
      this.timer = setTimeout(() => {
        this.probing = this.isWanted;
        this.isWanted = false;
        if (this.probing) void this.ask();
      }, this.backoff.failed());
      this.timer.unref();
    }
  }
}
