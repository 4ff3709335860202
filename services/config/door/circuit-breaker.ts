/*
 * Whether an aggregator is worth asking. In: how requests to it went, and a way to ask whether it is alive. Out: in or
 * out. It goes out after a few failures in a row, or as soon as it does not answer such a question; it is asked again
 * with growing pauses until it answers, and is in again. One question at a time, whatever is going on; none when
 * nobody wants anything of it.
 */
import { Backoff } from '../../../common/service/backoff';

interface RotationOptions {
  /** Resolves: it is alive. Rejects: it is not; takes no longer than a second or so. */
  readonly probe: () => Promise<void>;
  readonly failuresMax: number;
  /** Pauses between questions: the first, and the longest. */
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

  /** Something takes long: is it alive at all? */
  doubt(): void {
    // Hundreds may wait for data at a time, and all of them have doubts: one answer will do for a while.
    const known = performance.now() - this.aliveAt < this.o.pauseMs;
    if (!known && !this.probing && !this.isOut && !this.closed) this.askFirst();
  }

  /** Somebody was refused because it is out. */
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
