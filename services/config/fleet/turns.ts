/*
 * How many commands may be on their way to all nodes together. In: tasks. Out: they run, in order.
 *
 * A thousand nodes with twenty questions each are 20,000 commands: sent at once, they and their answers fill the broker,
 * and live nodes' pings wait behind them until these seem dead. A command that has no answer after a while gives its turn
 * to the next one all the same, so that nodes that never answer delay nobody for longer.
 */
export class Turns {
  private readonly waiting: { task: () => Promise<void>; ended: () => void }[] = [];
  /** Begun and neither ended nor given up; when, by the caller's clock. In order of time. */
  private readonly running = new Map<object, number>();
  private readonly width: number;
  private readonly patienceMs: number;
  private readonly now: () => number;

  constructor(width: number, patienceMs: number, now: () => number) {
    this.width = width;
    this.patienceMs = patienceMs;
    this.now = now;
  }

  /** Tasks that wait for their turn. */
  get length(): number {
    return this.waiting.length;
  }

  /** Resolves when the task has ended; the task must not reject. */
  take(task: () => Promise<void>): Promise<void> {
    return new Promise((ended) => {
      this.waiting.push({ task, ended });
      this.next();
    });
  }

  /** Called now and then: passes the turns of what takes too long to others. */
  tick(): void {
    const latest = this.now() - this.patienceMs;
    for (const [turn, since] of this.running) {
      if (since > latest) break;
      this.running.delete(turn);
    }
    this.next();
  }

  private next(): void {
    while (this.running.size < this.width) {
      const first = this.waiting.shift();
      if (first === undefined) return;
      const turn = {};
      this.running.set(turn, this.now());
      void first.task().finally(() => {
        this.running.delete(turn);
        this.next();
        first.ended();
      });
    }
  }
}
