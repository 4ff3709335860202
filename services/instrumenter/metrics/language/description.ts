/*
 * What a description of a metric holds. In: one file per metric, <module>/<stat>.ts. Out: the public part (what
 * everybody may know: GET /ca) and, per source that can observe it, how. Next: expression.ts, registry.ts.
 */
import type { Metric } from '../../../../common/model/metric';
import type { DtraceObservation } from './clause';
import type { FieldName } from './fields';
import type { ModuleName } from '../modules';
import type { Observation } from './observation';

export interface MetricDescription extends Metric {
  readonly module: ModuleName;
  readonly fields: readonly FieldName[];
  /** One line for people: which question it answers. */
  readonly question: string;
  /** How the bpf source observes it. Absent: it does not. Other sources add a part of their own name. */
  readonly bpf?: Observation;
  /** How DTrace observes it, on each system that has it. */
  readonly dtrace?: DtraceObservation;
}

/** The public part alone. */
export function publicPart(d: MetricDescription): Metric {
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
    fields: d.fields,
  };
}
