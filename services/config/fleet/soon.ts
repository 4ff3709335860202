/*
 * Throttled work that many events request. In: requests. Out: the first runs it at once, further ones together after
 * `everyMs`.
 */
export class Soon {
  private timer: NodeJS.Timeout | undefined;
  private asked = false;
  private readonly everyMs: number;
  private readonly work: () => void;

  constructor(everyMs: number, work: () => void) {
    this.everyMs = everyMs;
    this.work = work;
  }

  request(): void {
    if (this.timer === undefined) this.run();
    else this.asked = true;
  }

  private run(): void {
    this.asked = false;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.asked) this.run();
    }, this.everyMs);
    this.timer.unref();
    this.work();
  }
}
