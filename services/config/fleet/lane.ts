/*
 * So many at a time, the rest in order. In: tasks. Out: they run. Each node has a lane of its own, so that a node
 * with hundreds of instrumentations to enable is not asked for all of them at once, and no call times out in a queue.
 */
export class Lane {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private readonly width: number;

  constructor(width: number) {
    this.width = width;
  }

  /** The task must not reject: there is nobody to tell. */
  enter(task: () => Promise<void>): void {
    this.waiting.push(task);
    this.next();
  }

  private next(): void {
    if (this.running >= this.width) return;
    const task = this.waiting.shift();
    if (task === undefined) return;
    this.running++;
    void task().finally(() => {
      this.running--;
      this.next();
    });
  }
}
