/*
 * One read for all instrumentations that read the same at one boundary: it is cheaper, and they agree.
 * In: a metric, the fields a question names. Out: a function that reads, or returns what was just read.
 */
import { SAME_LOOK_NS, type Machine } from './machine';
import type { ProcPart } from './metric';

type Rows = ReturnType<ProcPart['rows']>;

export type Look = (metric: ProcPart, needed: ReadonlySet<string>) => () => Rows;

export function sharedLook(here: Machine): Look {
  // Metrics share their `rows`: keyed by that function, and by the further fields it reads.
  const seen = new Map<ProcPart['rows'], Map<string, { readonly at: number; readonly rows: Rows }>>();
  return ({ rows, costly = [] }, needed) => {
    const besides = costly.filter((field) => needed.has(field)).join();
    return () => {
      const known = seen.get(rows)?.get(besides);
      const at = here.elapsed();
      if (known !== undefined && at - known.at < SAME_LOOK_NS) return known.rows;
      const fresh = { at, rows: rows(here, needed) };
      seen.set(rows, (seen.get(rows) ?? new Map<string, typeof fresh>()).set(besides, fresh));
      return fresh.rows;
    };
  };
}
