/*
 * Questions to this machine's sources, without a fleet. In: a metric, a breakdown, a filter.
 * Out: the counts while a workload ran.
 */
import type { Instrumentation } from '../../common/model/instrumentation';
import { metricName, type MetricName } from '../../common/model/metric';
import { ALWAYS, predicateFields, type Predicate } from '../../common/model/predicate/predicate';
import type { Value } from '../../common/model/value';
import { FIELDS, type FieldName } from '../../services/instrumenter/metrics/language/fields';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { openBpf } from '../../services/instrumenter/sources/bpf/open';
import { openProc } from '../../services/instrumenter/sources/proc/source';
import type { Source } from '../../services/instrumenter/sources/source';
import { candidates, uncovered } from '../../services/instrumenter/sources/sources';

export const is = (field: string, constant: string): Predicate => ({
  kind: 'compare',
  op: 'eq',
  field,
  constant,
});
export const both = (...members: Predicate[]): Predicate => ({ kind: 'and', members });

/** A metric, broken down by fields, filtered. */
export interface Asked {
  readonly metric: MetricName;
  readonly by?: readonly string[];
  readonly where?: Predicate;
}

export interface Answer {
  readonly value: Value;
  readonly lost: number;
}

/** This machine cannot answer a question, which is not a miss. */
export class Unavailable extends Error {}

export class Machine {
  private readonly sources: readonly Source[];
  /** Why there is no source that sees events. */
  readonly missing: string | undefined;

  constructor() {
    const bpf = openBpf('truth', METRICS);
    const proc = openProc({ host: 'truth', elapsed: () => performance.now() * 1e6 });
    this.missing = typeof bpf === 'string' ? bpf : undefined;
    this.sources = typeof bpf === 'string' ? [proc] : [proc, bpf];
  }

  /** Metrics that some source here has. */
  offered(): ReadonlySet<string> {
    const offers = this.sources.flatMap((source) => source.offers());
    return new Set(offers.flatMap((offer) => ('fields' in offer ? [offer.metric] : [])));
  }

  /**
   * The value of each question while `work` runs. Throws if this machine cannot answer one. `look` is called before and
   * after each of the two readings.
   */
  async during<T>(
    asked: readonly Asked[],
    work: () => T | Promise<T>,
    look: () => void = () => undefined,
  ): Promise<[T, Answer[]]> {
    const probes = await Promise.all(
      asked.map(async (one) => {
        const question = instrumentation(one);
        const [source] = candidates(this.sources, question);
        if (source === undefined) throw new Unavailable(uncovered(this.sources, question));
        return { source, probe: await source.enable(question) };
      }),
    );
    const read = async (): Promise<Answer[]> => {
      look();
      for (const { probe } of probes) probe.flip();
      for (const source of this.sources) await source.settle?.();
      const answers = await Promise.all(probes.map(async ({ probe }) => probe.read()));
      look();
      return answers;
    };
    try {
      await read();
      const result = await work();
      // Two reads of the files of /proc within 50 ms get the same text.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [result, await read()];
    } finally {
      await Promise.all(probes.map(async ({ probe }) => probe.close()));
    }
  }

  /** What a question counts beside a witness's counter: at least, and at most, what that rose by meanwhile. */
  async beside(
    asked: Asked,
    witness: () => number,
    work: () => Promise<unknown>,
  ): Promise<[answer: Answer | undefined, least: number, most: number]> {
    const seen: number[] = [];
    const [, [answer]] = await this.during([asked], work, () => seen.push(witness()));
    const [before = NaN, begun = NaN, end = NaN, after = NaN] = seen;
    return [answer, end - begun, after - before];
  }

  async close(): Promise<void> {
    await Promise.all(this.sources.map(async (source) => source.close()));
  }
}

function instrumentation({ metric, by = [], where = ALWAYS }: Asked): Instrumentation {
  const description = METRICS.find((m) => metricName(m) === metric);
  if (description === undefined) throw new Error(`there is no metric ${metric}`);
  const fields = [...by, ...predicateFields(where)];
  return {
    id: '1',
    module: description.module,
    stat: description.stat,
    predicate: where,
    decomposition: by,
    fields: Object.fromEntries(fields.map((field) => [field, FIELDS[field as FieldName].type])),
    valueScope: description.interval,
    granularity: 1,
    retentionTime: 60,
    idleMax: 60,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}
