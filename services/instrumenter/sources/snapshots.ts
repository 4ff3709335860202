/*
 * Values from counters that somebody else keeps (/proc, kstat): the difference between two snapshots.
 * In: rows, one for each thing (a CPU, a disk, a container), at each turn. Out: data points, then points.ts.
 *
 * The first sight of a thing yields nothing, because nobody knows since when it has been counting; so does one
 * whose counters went back (replaced, or reset). A thing that is gone yields nothing any more.
 */
import { PointTally, type Fields, type Point, type Question } from './points';
import type { Probe } from './source';

export type Numbers = Readonly<Record<string, number>>;

/** One thing as it stands at a moment. */
export interface Row {
  /** Tells it from others, over time. */
  readonly key: string;
  readonly fields: Fields;
  /** Only ever grow. */
  readonly counters?: Numbers;
  /** Go up and down. */
  readonly gauges?: Numbers;
  /** The numbers are those of all together: this row stands for what the other rows leave of them. */
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
  /** Looks now. One that takes its time returns a promise: others are not kept waiting. */
  readonly look: () => readonly Row[] | Promise<readonly Row[]>;
  /** Nanoseconds of a clock that only goes forward. */
  readonly elapsed: () => number;
  /** Fields that all rows have. */
  readonly common: Fields;
}

interface Snapshot {
  readonly at: number;
  readonly rows: ReadonlyMap<string, Row>;
}

/** A probe over snapshots: one is taken at each turn. A look that fails fails the reading; the next goes on. */
export function snapshotProbe({ question, measure, look, elapsed, common }: SnapshotOptions): Probe {
  const tally = new PointTally(question);
  let before: Snapshot | undefined;
  let now: { readonly at: number; readonly rows: readonly Row[] | Promise<readonly Row[]> } | undefined;
  return {
    turn() {
      now = undefined; // a look that throws leaves nothing to read
      const rows = look();
      now = { at: elapsed(), rows };
      // Looked at in read(); without this a rejection before then would end the process.
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
  // Of increases, not of counters: a container that is gone must not give all its past to the rest.
  const parts = grown.map(({ row, increase }) => (row.whole === true ? {} : (increase ?? {})));
  return grown.flatMap(({ row, increase }) => {
    if (increase === undefined) return [];
    return measure.points(row, row.whole === true ? restOf(increase, parts) : increase, nanoseconds);
  });
}

/** Never below zero: the parts were read a moment later than the whole, or are counted in finer units. */
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
