/*
 * Panels that are drawn in one frame: the browser lays out and paints the page once, not once for each answer. In: the
 * work that comes before a drawing. Out: its result, once that of all the others has come, too.
 */

/** The first to be ready waits no longer than this for the last. */
const WAIT_MS = 100;

export class Together {
  private underway = 0;
  private ready: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Settles as `work` does, but with the others. */
  async with<T>(work: Promise<T>): Promise<T> {
    this.underway++;
    try {
      return await work;
    } finally {
      this.underway--;
      await new Promise<void>((resolve) => {
        this.ready.push(resolve);
        if (this.underway === 0) this.release();
        else
          this.timer ??= setTimeout(() => {
            this.release();
          }, WAIT_MS);
      });
    }
  }

  private release(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { ready } = this;
    this.ready = [];
    for (const resolve of ready) resolve();
  }
}
