/*
 * Number of nodes asked to report, by second. In: the config service's count, whenever it changes. Out: the number
 * at any second: a node that joins is not missing before it came.
 */

interface Change {
  /** First second for which it applies. */
  readonly from: number;
  readonly nodes: number;
}

/** Number of changes kept; of older ones only the last. A fleet that changes each second uses them up in a quarter of an hour. */
const CHANGES = 1000;

export class Asked {
  private readonly changes: Change[] = [];

  /** No node was asked before `born`; the first count applies to all seconds since, also under former owners. */
  constructor(born: number, nodes: number) {
    this.changes.push({ from: born, nodes });
  }

  get born(): number {
    return this.changes[0]?.from ?? Infinity;
  }

  /** Changes whenever the result of `at` for any second up to now may change. */
  get version(): string {
    const last = this.changes.at(-1);
    return `${this.changes.length} ${last?.from ?? 0} ${last?.nodes ?? 0}`;
  }

  /** Sets the number from this second on. */
  change(from: number, nodes: number): void {
    const last = this.changes.at(-1);
    if (last?.nodes === nodes) return;
    // Several within a second: the last applies. A clock that goes back does not change the past.
    if (last !== undefined && from <= last.from)
      this.changes[this.changes.length - 1] = { from: last.from, nodes };
    else this.changes.push({ from, nodes });
    if (this.changes.length > CHANGES) this.changes.splice(1, 1);
  }

  /** From which second on how many, oldest first. */
  get all(): (readonly [from: number, nodes: number])[] {
    return this.changes.filter(({ from }) => Number.isFinite(from)).map(({ from, nodes }) => [from, nodes]);
  }

  /** Takes another aggregator's numbers for the seconds before `since`, when it had the instrumentation and we did not. */
  adopt(theirs: readonly (readonly [from: number, nodes: number])[], since: number): void {
    const before = theirs.filter(([from]) => from < since).map(([from, nodes]) => ({ from, nodes }));
    if (before.length === 0) return;
    const own = this.changes.filter(({ from }) => from > since);
    this.changes.splice(
      0,
      this.changes.length,
      ...before.slice(-CHANGES / 2),
      { from: since, nodes: this.at(since) },
      ...own,
    );
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
