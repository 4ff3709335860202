/*
 * How many nodes were asked to report, second by second. In: the config service's count, whenever it changes. Out: how
 * many there were at any second: a node that joins is not missing from the time before it came.
 */

interface Change {
  /** First second from which it counts. */
  readonly from: number;
  readonly nodes: number;
}

/** Changes that are remembered; of older ones the last is. A fleet that comes and goes each second fills an hour with these. */
const CHANGES = 1000;

export class Asked {
  private readonly changes: Change[] = [];

  /** Nobody was asked before `born`; the first count is that of all seconds since, whoever kept them. */
  constructor(born: number, nodes: number) {
    this.changes.push({ from: born, nodes });
  }

  get born(): number {
    return this.changes[0]?.from ?? Infinity;
  }

  /** Changes whenever an answer of `at` for a second up to now may. */
  get version(): string {
    const last = this.changes.at(-1);
    return `${this.changes.length} ${last?.from ?? 0} ${last?.nodes ?? 0}`;
  }

  /** From this second on there are as many. */
  change(from: number, nodes: number): void {
    const last = this.changes.at(-1);
    if (last?.nodes === nodes) return;
    // Several within a second: what holds at its end. A clock that goes back does not rewrite what was.
    if (last !== undefined && from <= last.from)
      this.changes[this.changes.length - 1] = { from: last.from, nodes };
    else this.changes.push({ from, nodes });
    if (this.changes.length > CHANGES) this.changes.splice(1, 1);
  }

  at(second: number): number {
    const change = this.changes.findLast(({ from }) => from <= second);
    return change?.nodes ?? 0;
  }

  /** Stretches of [start, end) with the same count, oldest first. */
  runs(
    start: number,
    end: number,
  ): readonly { readonly from: number; readonly to: number; readonly nodes: number }[] {
    const cuts = this.changes.map(({ from }) => from).filter((from) => from > start && from < end);
    return [start, ...cuts].map((from, i) => ({ from, to: cuts[i] ?? end, nodes: this.at(from) }));
  }
}
