/*
 * The proc part of a metric: where its rows are read, and what in them is counted.
 * In: part `proc` of a description. Out: input of source.ts, which makes probes.
 */
import type { Measure, Row } from '../snapshots';
import type { Machine } from './machine';

export interface ProcPart {
  /** Without hostname, which every row has. */
  readonly fields: readonly string[];
  /** Undefined when it can be read here; else one sentence that says what is missing. */
  readonly missing: (machine: Machine) => string | undefined;
  /** Fields that need further reads: `rows` looks for these in `needed`, and for no others. */
  readonly costly?: readonly string[];
  /** `needed`: fields that the question names. One function for all metrics that read the same: it is called once. */
  readonly rows: (machine: Machine, needed: ReadonlySet<string>) => readonly Row[] | Promise<readonly Row[]>;
  readonly measure: Measure;
}

/** For `missing`: the file has to be there and to be readable. */
export function needsFile(path: string, because = ''): (machine: Machine) => string | undefined {
  return ({ files }) => (files.read(path) === undefined ? `cannot read ${path}${because}` : undefined);
}

/** Whitespace-separated columns, as text. */
export function columns(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** The number in a column; 0 if an older kernel does not have it. */
export function numberAt(parts: readonly string[], index: number): number {
  return Number(parts[index] ?? 0);
}
