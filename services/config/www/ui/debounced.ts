/* What is done once nothing newer has come for a while. In: work. Out: the newest piece of it, done; earlier ones told. */

export class Debounced {
  private readonly delayMs: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  /** `isCurrent`: nothing newer has come since. */
  later(work: (isCurrent: () => boolean) => Promise<void>): void {
    this.cancel();
    const turn = this.turn;
    this.timer = setTimeout(() => {
      void work(() => turn === this.turn);
    }, this.delayMs);
  }

  cancel(): void {
    clearTimeout(this.timer);
    this.turn++;
  }
}
