/*
 * The description of a metric. In: one file per metric, <module>/<stat>.ts. Out: the public part (as
 * in GET /ca) and, for each source that can observe it, a part under the source's name that says how.
 * Sources themselves read files, statistics and commands; a part says which rows to use, and what in them counts.
 * Next: expression.ts, registry.ts.
 */
import type { Metric } from '../../../../common/model/metric';
import type { DtraceObservation } from './clause';
import type { FieldName } from './fields';
import type { ModuleName } from '../modules';
import type { KstatPart } from '../../sources/kstat/metric';
import type { ProcPart } from '../../sources/proc/metric';
import type { ZfsPart } from '../../sources/zfs/metric';
import { formsOf } from './forms';
import type { Observation } from './observation';

export interface MetricDescription extends Metric {
  readonly module: ModuleName;
  readonly fields: readonly FieldName[];
  /** One line: which question it answers. */
  readonly question: string;
  /** Inside the running Linux kernel, and user programs. */
  readonly bpf?: Observation;
  /** By DTrace, on each system that has it. */
  readonly dtrace?: DtraceObservation;
  /** From /proc, /sys and control groups of Linux. Of several the first that is there and has all the fields. */
  readonly proc?: ProcPart | readonly ProcPart[];
  /** From the kernel statistics of illumos. */
  readonly kstat?: KstatPart;
  /** From the lists of the commands zfs and zpool. */
  readonly zfs?: ZfsPart;
  /** The instrumenter's own work. */
  readonly self?: true;
}

/** The public part alone. */
export function publicPart(d: MetricDescription): Metric {
  const forms = { ...formsOf(d.bpf), ...d.forms };
  return {
    module: d.module,
    stat: d.stat,
    label: d.label,
    ...(d.unit === undefined ? {} : { unit: d.unit }),
    ...(d.type === undefined ? {} : { type: d.type }),
    interval: d.interval,
    question: d.question,
    ...(d.synonyms === undefined ? {} : { synonyms: d.synonyms }),
    ...(d.misses === undefined ? {} : { misses: d.misses }),
    ...(Object.keys(forms).length === 0 ? {} : { forms }),
    fields: d.fields,
  };
}
