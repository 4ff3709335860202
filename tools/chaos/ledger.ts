/*
 * The oracle's ledger: every value that a node made, compared with later replies to readers. In: reports as they are made
 * and dropped, and replies of the API. Out: one verdict for each value; the ledger balances when all are accounted for.
 */
import { LIMITS } from '../../common/service/limits';

export type Verdict =
  'present' | 'late' | 'missing' | 'givenUp' | 'silent' | 'doubled' | 'wrong' | 'unread' | 'unkept';

/** Anything else is a defect. */
const ACCOUNTED: readonly Verdict[] = ['present', 'late', 'missing', 'givenUp'];

/** Values received in the last second before an aggregator was killed may not be on disk. */
const LAST_MS = 1000;
const ON_ITS_WAY_MS = 1000;
/** An aggregator that comes back has copied what it missed within this, whatever else breaks meanwhile. */
const COPIED_MS = 60_000;

export interface Made {
  readonly fqid: string;
  readonly node: string;
  readonly second: number;
  readonly amount: number;
}

/** One data point of one instrumentation, as a reader sees it. */
export interface Reading {
  readonly fqid: string;
  /** First second. */
  readonly second: number;
  /** How much of each node is in it. */
  readonly amounts: ReadonlyMap<string, number>;
  /** The reply's completeness. */
  readonly expected: number;
  readonly reporting: number;
  readonly late: number;
}

export class Ledger {
  private readonly made = new Map<string, Map<string, Made>>();
  private readonly givenUp = new Set<string>();
  /** Questions whose values are kept on disk: how many ms each of their reports spans. */
  private readonly kept = new Map<string, number>();
  /** Questions that two aggregators have. */
  private readonly doubled = new Set<string>();
  private readonly kills: { readonly at: number; readonly target: string }[] = [];
  private readonly cuts: { readonly nodes: ReadonlySet<string>; readonly at: number }[] = [];

  /** This question has persist-data: values must not disappear, except those of an aggregator's last second. */
  keeps(fqid: string, reportMs: number): void {
    this.kept.set(fqid, reportMs);
  }

  /** Two aggregators have this question: values must not disappear unless both lose them. */
  replicates(fqid: string): void {
    this.doubled.add(fqid);
  }

  /** An aggregator got SIGKILL, or was frozen, at this time (ms). */
  killed(at: number, target = ''): void {
    this.kills.push({ at, target });
  }

  /** These nodes lost power, at this time (ms), and with it what they could have sent again. */
  powerCut(nodes: readonly string[], at: number): void {
    this.cuts.push({ nodes: new Set(nodes), at });
  }

  make(made: Made): void {
    const key = slot(made);
    const nodes = this.made.get(key) ?? new Map<string, Made>();
    this.made.set(key, nodes.set(made.node, made));
  }

  giveUp(fqid: string, node: string, second: number): void {
    this.givenUp.add(`${fqid} ${second} ${node}`);
  }

  /** What was made before has been judged. */
  forget(before: number): void {
    for (const [key, nodes] of this.made) {
      for (const { second } of nodes.values()) if (second < before) this.made.delete(key);
    }
  }

  get size(): number {
    let size = 0;
    for (const nodes of this.made.values()) size += nodes.size;
    return size;
  }

  /** Seconds of the first and the last value that was made, as far as they began at `upTo` at the latest. */
  span(fqid: string, upTo: number): { first: number; last: number } {
    const seconds = [...this.made.values()].flatMap((nodes) =>
      [...nodes.values()]
        .filter((made) => made.fqid === fqid && made.second <= upTo)
        .map(({ second }) => second),
    );
    return { first: Math.min(...seconds), last: Math.max(...seconds) };
  }

  /** Values in a reply that were never made, or differ: there must be none at any time. */
  lies(reading: Reading): string[] {
    const nodes = this.made.get(slot(reading));
    const lies: string[] = [];
    for (const [node, amount] of reading.amounts) {
      const right = nodes?.get(node)?.amount;
      if (amount === right) continue;
      const what = right !== undefined && amount === 2 * right ? 'doubled' : 'wrong';
      lies.push(
        `${what}: ${reading.fqid} second ${reading.second} has ${amount} of ${node}, which made ${right ?? 'nothing'}`,
      );
    }
    if (reading.reporting < reading.amounts.size) {
      lies.push(
        `wrong: ${reading.fqid} second ${reading.second} says ${reading.reporting} nodes reported, it holds ${reading.amounts.size}`,
      );
    }
    return lies;
  }

  /** The number of values by verdict, and the worst of them in words. Values that began after `upTo` or are not in `only` are left out. */
  balance(readings: Iterable<Reading>, upTo = Infinity, only?: ReadonlySet<string>): Balance {
    const counts: Record<Verdict, number> = {
      present: 0,
      late: 0,
      missing: 0,
      givenUp: 0,
      silent: 0,
      doubled: 0,
      wrong: 0,
      unread: 0,
      unkept: 0,
    };
    const defects: string[] = [];
    const unread = new Set<string>();
    for (const [key, nodes] of this.made) {
      for (const { fqid, second } of nodes.values()) {
        if (second <= upTo && only?.has(fqid) !== false) unread.add(key);
      }
    }
    for (const reading of readings) {
      unread.delete(slot(reading));
      for (const lie of this.lies(reading)) {
        counts[lie.startsWith('doubled') ? 'doubled' : 'wrong']++;
        defects.push(lie);
      }
      for (const made of this.made.get(slot(reading))?.values() ?? []) {
        const verdict = this.verdict(made, reading);
        if (verdict === undefined) continue;
        counts[verdict]++;
        if (verdict === 'silent' || verdict === 'unkept') {
          defects.push(
            `${verdict}: ${made.fqid} second ${made.second} lacks ${made.node}; ` +
              `${reading.reporting} of ${reading.expected} reported, it says`,
          );
        }
      }
    }
    for (const key of unread) {
      counts.unread += this.made.get(key)?.size ?? 0;
      defects.push(`unread: ${key}`);
    }
    const balances = Object.entries(counts).every(([v, n]) => n === 0 || ACCOUNTED.includes(v as Verdict));
    return { counts, defects, balances };
  }

  /** undefined: a lie, counted already. */
  private verdict({ fqid, node, second, amount }: Made, reading: Reading): Verdict | undefined {
    const found = reading.amounts.get(node);
    if (found === amount) return reading.late > 0 ? 'late' : 'present';
    if (found !== undefined) return undefined;
    if (this.givenUp.has(`${fqid} ${second} ${node}`)) return 'givenUp';
    if (reading.reporting >= reading.expected) return 'silent';
    return this.mayBeMissing(fqid, node, second) ? 'missing' : 'unkept';
  }

  /**
   * Nodes resend missing values for a minute, and here no fault lasts that long; so of values on disk only
   * those of an aggregator's last second may be missing, of values that two aggregators have those that both lost, and
   * those a node held when it lost power.
   */
  private mayBeMissing(fqid: string, node: string, second: number): boolean {
    const reportMs = this.kept.get(fqid);
    if (reportMs === undefined && !this.doubled.has(fqid)) return true;
    const end = second * 1000 + (reportMs ?? 1000);
    if (reportMs === undefined && this.bothKilledAfter(second * 1000)) return true;
    if (
      reportMs !== undefined &&
      this.kills.some(({ at }) => at >= end - LAST_MS && at <= end + ON_ITS_WAY_MS + LAST_MS)
    )
      return true;
    const gone = ({ nodes, at }: (typeof this.cuts)[number]): boolean =>
      nodes.has(node) && second * 1000 <= at && at <= end + 1000 * LIMITS.outboxSeconds;
    return this.cuts.some(gone);
  }

  /** Another one was killed before the first could copy what it had lost. */
  private bothKilledAfter(ms: number): boolean {
    return this.kills.some((one) =>
      this.kills.some(
        (two) =>
          two.target !== one.target &&
          two.at >= one.at &&
          two.at - one.at < COPIED_MS &&
          two.at > ms - COPIED_MS,
      ),
    );
  }
}

export interface Balance {
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly defects: readonly string[];
  readonly balances: boolean;
}

function slot({ fqid, second }: { fqid: string; second: number }): string {
  return `${fqid} ${second}`;
}
