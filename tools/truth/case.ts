/* One workload with its witness, and what most of them are made of. In: a metric, a program. Out: a case. */
import type { MetricName } from '../../common/model/metric';
import type { Predicate } from '../../common/model/predicate/predicate';
import { totalOf, type Value } from '../../common/model/value';
import { is, type Machine } from './measure';
import { NAME, perl } from './workload';

/** Counted by the metric, and by the witness. */
export type Pair = readonly [counted: number, witnessed: number];

export interface Case {
  readonly metric: MetricName;
  readonly witness: string;
  /** Fraction of the witness's number by which the two may differ. */
  readonly tolerance: number;
  run(machine: Machine, size: number): Promise<Pair>;
}

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
