/* One workload with its witness, and what most of them are made of. In: a metric, a program. Out: a case. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricName } from '../../common/model/metric';
import type { Predicate } from '../../common/model/predicate/predicate';
import { totalOf, type Value } from '../../common/model/value';
import { is, type Machine } from './measure';
import { NAME, perl } from './workload';

/** Counted by the metric, and by the witness; `most` where this one knows only from where to where. */
export type Pair = readonly [counted: number, witnessed: number, most?: number];

export interface Case {
  readonly metric: MetricName;
  readonly witness: string;
  /** Fraction of the witness's number by which the two may differ. */
  readonly tolerance: number;
  run(machine: Machine, size: number): Promise<Pair>;
}

/**
 * What happens in interrupts happens while any process runs; some hosts' kernels hide processes of theirs from tracing
 * programs, and what interrupts these is not seen.
 */
export const UNSEEN = 0.1;

export const mine = is('execname', NAME);
export const OWN = 'the program’s own count';

/** One question, and a program that prints how much it did; or does as many as it is told. */
export function counts(
  metric: MetricName,
  script: (size: number) => string,
  more: {
    readonly where?: Predicate;
    readonly witness?: string;
    readonly tolerance?: number;
    /** How much the program does of each, if it does not print it. */
    readonly each?: (size: number) => number;
  } = {},
): Case {
  const { where = mine, witness = OWN, tolerance = 0, each = (size: number) => size } = more;
  return {
    metric,
    witness,
    tolerance,
    async run(machine, size) {
      const [printed, [answer]] = await machine.during([{ metric, where }], () => perl(script(size)));
      return [amount(answer), printed === '' ? each(size) : Number(printed)];
    },
  };
}

/** Including known losses: these are reported, and not a miss. */
export function amount(answer: { readonly value: Value; readonly lost: number } | undefined): number {
  return answer === undefined ? NaN : totalOf(answer.value) + answer.lost;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What Machine.beside found, as a pair. */
export const ranged = ([answer, least, most]: Awaited<ReturnType<Machine['beside']>>): Pair => [
  amount(answer),
  least,
  most,
];

/** A temporary folder for a workload. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'ca-truth-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
