/*
 * Values from counters that others keep (/proc, kstat): the difference between two snapshots.
 * In: rows, one for each item (a CPU, a disk, a container), at each flip. Out: data points, then points.ts.
 *
 * The first snapshot of an item yields nothing, because it is not known since when it has been counting; nor does one
 * whose counters decreased (replaced, or reset). An item that is gone yields nothing.
 */
import { PointTally, type Fields, type Point, type Question } from './points';
import type { Probe } from './source';

export type Numbers = Readonly<Record<string, number>>;

/** One item at one moment. */
export interface Row {
  /** Identifies it over time. */
  readonly key: string;
  readonly fields: Fields;
  /** Only increase. */
  readonly counters?: Numbers;
  /** Go up and down. */
  readonly gauges?: Numbers;
  /** The numbers are totals: this row gets what remains of them after the other rows. */
  readonly whole?: boolean;
}

/** Rows of now -> what is to be counted. */
export type Measure =
  | { readonly kind: 'gauge'; readonly points: (row: Row) => readonly Point[] }
  | {
      readonly kind: 'counter';
      /** `increase` of each counter over `nanoseconds`. */
      readonly points: (row: Row, increase: Numbers, nanoseconds: number) => readonly Point[];
    };

interface SnapshotOptions {
  readonly question: Question;
  readonly measure: Measure;
  /** Reads the rows now. A slow reader returns a promise, so that others need not wait. */
  readonly look: () => readonly Row[] | Promise<readonly Row[]>;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  /** Fields that all rows have. */
  readonly common: Fields;
}

interface Snapshot {
  readonly at: number;
  readonly rows: ReadonlyMap<string, Row>;
}

/** A probe over snapshots: one is taken at each flip. If a snapshot fails, its reading fails; the next goes on. */
export function snapshotProbe({ question, measure, look, elapsed, common }: SnapshotOptions): Probe {
  const tally = new PointTally(question);
  let before: Snapshot | undefined;
  let now: { readonly at: number; readonly rows: readonly Row[] | Promise<readonly Row[]> } | undefined;
  return {
    flip() {
      now = undefined; // a snapshot that throws leaves nothing to read
      const rows = look();
      now = { at: elapsed(), rows };
      // Handled in read(); without this a rejection before then would end the process.
      if (rows instanceof Promise) rows.catch(() => undefined);
    },
    async read() {
      if (now === undefined) throw new Error('there is no snapshot to read');
      const rows = await now.rows;
      const after: Snapshot = { at: now.at, rows: new Map(rows.map((row) => [row.key, row])) };
      for (const point of pointsOf(measure, after, before)) {
        tally.add({ fields: { ...common, ...point.fields }, value: point.value });
      }
      before = after;
      return { value: tally.take(), lost: 0 };
    },
    close: () => undefined,
  };
}

function pointsOf(measure: Measure, after: Snapshot, before: Snapshot | undefined): readonly Point[] {
  const rows = [...after.rows.values()];
  if (measure.kind === 'gauge') {
    const parts = rows.filter((row) => row.whole !== true).map((row) => row.gauges ?? {});
    return rows.flatMap((row) =>
      measure.points(row.whole === true ? { ...row, gauges: restOf(row.gauges ?? {}, parts) } : row),
    );
  }
  if (before === undefined) return [];
  const nanoseconds = after.at - before.at;
  const grown = rows.map((row) => ({ row, increase: increaseOf(row, before.rows.get(row.key)) }));
  // Computed from increases, not from counters: otherwise all that an ended container had counted would go to the remainder.
  const parts = grown.map(({ row, increase }) => (row.whole === true ? {} : (increase ?? {})));
  return grown.flatMap(({ row, increase }) => {
    if (increase === undefined) return [];
    return measure.points(row, row.whole === true ? restOf(increase, parts) : increase, nanoseconds);
  });
}

/** Not negative: the parts were read a moment later than the whole, or are counted in finer units. */
function restOf(whole: Numbers, parts: readonly Numbers[]): Numbers {
  return Object.fromEntries(
    Object.entries(whole).map(([name, all]) => [
      name,
      Math.max(
        parts.reduce((rest, part) => rest - (part[name] ?? 0), all),
        0,
      ),
    ]),
  );
}

function increaseOf(row: Row, before: Row | undefined): Numbers | undefined {
  if (before === undefined) return undefined;
  const increase: Record<string, number> = {};
  for (const [name, count] of Object.entries(row.counters ?? {})) {
    const grown = count - (before.counters?.[name] ?? Infinity);
    if (!(grown >= 0)) return undefined;
    increase[name] = grown;
  }
  return increase;
}
