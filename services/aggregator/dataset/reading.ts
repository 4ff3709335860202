/*
 * Reads a time range of a dataset: its value, and how complete it is. In: start and duration in seconds, aligned to
 * the granularity. Out: a Value (common/model/value.ts), and runs of slots with the same completeness.
 */
import type { Value } from '../../../common/model/value';
import { Cells, type RowVisitor } from './cells';
import type { Asked } from '../ingest/asked';
import type { Dataset } from './dataset';
import { eachSlotInSlices } from './slices';
import type { Slot } from './slot';

/** Sum of the range's slots; for point scope their mean. A range without data is the shape's zero. */
export function readValue(dataset: Dataset, start: number, duration: number): Value {
  const sum = sumOf(dataset);
  dataset.eachSlot(start, start + duration, sum.add);
  return toValue(dataset, sum);
}

/** The same without blocking the event loop, for requests. */
export async function readValueInSlices(dataset: Dataset, start: number, duration: number): Promise<Value> {
  const sum = sumOf(dataset);
  await eachSlotInSlices(dataset, start, start + duration, sum.add);
  return toValue(dataset, sum);
}

interface Sum {
  readonly cells: Cells;
  /** Number of slots added. */
  slots: number;
  readonly add: (slot: Slot) => void;
}

function sumOf({ shape }: Dataset): Sum {
  const cells = new Cells({ zeros: shape === 'number' || shape === 'keyed' });
  const addRow: RowVisitor = (key, row) => {
    cells.addRow(key, row);
  };
  const sum: Sum = {
    cells,
    slots: 0,
    add: (slot) => {
      sum.slots++;
      slot.each(addRow);
    },
  };
  return sum;
}

/** Significant digits of a mean: further digits come from the division, not from measurement. */
const DIGITS = 12;

function toValue({ shape, scope }: Dataset, { cells, slots }: Sum): Value {
  const mean = (n: number): number => (scope === 'point' ? Number((n / slots).toPrecision(DIGITS)) : n);
  const numbers = new Map<string, number>();
  const distributions = new Map<string, number[]>();
  cells.each((key, { buckets, counts, from, to }) => {
    if (shape === 'number' || shape === 'keyed') {
      numbers.set(key, mean(counts[from] ?? 0));
      return;
    }
    const pairs: number[] = [];
    for (let i = from; i < to; i++) pairs.push(buckets[i] ?? 0, mean(counts[i] ?? 0));
    distributions.set(key, pairs);
  });
  switch (shape) {
    case 'number':
      return { shape, number: numbers.get('') ?? 0 };
    case 'keyed':
      return { shape, numbers };
    case 'distribution':
      return { shape, distribution: distributions.get('') ?? [] };
    case 'keyed-distribution':
      return { shape, distributions };
  }
}

/** Consecutive slots that are equally complete. */
export interface Completeness {
  /** First second of the run, and its length in seconds. */
  readonly time: number;
  duration: number;
  /** Nodes that should have reported, and nodes that did (for slots of several reports: in all of them). */
  readonly expected: number;
  readonly reporting: number;
  /** Late reports of each slot, and events known to be missing from it. */
  readonly late: number;
  readonly lost: number;
}

/** `asked`: number of nodes that the config service asked, by second. */
export function completeness(
  dataset: Dataset,
  start: number,
  duration: number,
  asked: Asked,
): Completeness[] {
  const runs: Completeness[] = [];
  const push = (next: Completeness): void => {
    const last = runs[runs.length - 1];
    if (last !== undefined && alike(last, next)) last.duration += next.duration;
    else if (next.duration > 0) runs.push(next);
  };
  /** A range without data becomes one run: 3600 points of an hour each cost no more than one. */
  const blank = (from: number, to: number): void => {
    const rest = { reporting: 0, late: 0, lost: 0 };
    // A slot that contains a change belongs to the time before it.
    const cut = (second: number): number =>
      Math.min(Math.max(dataset.slotOf(second + dataset.granularity - 1), from), to);
    for (const run of asked.runs(from, to)) {
      const time = run.from === from ? from : cut(run.from);
      push({ time, duration: (run.to === to ? to : cut(run.to)) - time, expected: run.nodes, ...rest });
    }
  };
  const end = start + duration;
  const span = dataset.span;
  const from = Math.min(Math.max(span.from, start), end);
  const to = Math.max(Math.min(span.to, end), from);
  blank(start, from);
  for (let time = from; time < to; time += dataset.granularity) {
    const slot = dataset.slotAt(time);
    push({
      time,
      duration: dataset.granularity,
      expected: Math.max(dataset.expected(time), asked.at(time)),
      reporting: dataset.reporting(time),
      late: slot?.late ?? 0,
      lost: slot?.lost ?? 0,
    });
  }
  blank(to, end);
  return runs;
}

function alike(a: Completeness, b: Completeness): boolean {
  return a.expected === b.expected && a.reporting === b.reporting && a.late === b.late && a.lost === b.lost;
}
