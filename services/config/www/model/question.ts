/*
 * A question in words, as curl and as cactl: one instrumentation, said four ways. In: what was asked, and the catalogue.
 * Out: text. Also the questions that an empty page proposes, found in the catalogue alone.
 */
import { printPredicate, treeOf } from '../../../../common/model/predicate/predicate-tree.ts';
import type { Catalogue, MetricInfo, Question, UnavailableMetric } from './answers.ts';
import { isNumericField, readPredicate, typeOfField } from './predicate-form.ts';

export function metricOf(catalogue: Catalogue, q: { module: string; stat: string }): MetricInfo | undefined {
  return catalogue.metrics.find((m) => m.module === q.module && m.stat === q.stat);
}

export function fieldLabel(catalogue: Catalogue, field: string): string {
  return catalogue.fields[field]?.label ?? field;
}

export interface Breakdown {
  readonly discrete: string | undefined;
  readonly numeric: string | undefined;
}

export function breakdownOf(catalogue: Catalogue, decomposition: readonly string[]): Breakdown {
  return {
    discrete: decomposition.find((f) => !isNumericField(catalogue, f)),
    numeric: decomposition.find((f) => isNumericField(catalogue, f)),
  };
}

export function titleOf(catalogue: Catalogue, q: Pick<Question, 'module' | 'stat'>): string {
  const metric = metricOf(catalogue, q);
  const module = catalogue.modules[q.module]?.label ?? q.module;
  const label = metric?.label ?? q.stat;
  return label.toLowerCase() === module.toLowerCase() ? module : `${module}: ${label}`;
}

/** "by application name and latency" */
export function byText(catalogue: Catalogue, decomposition: readonly string[]): string {
  const labels = decomposition.map((field) => fieldLabel(catalogue, field));
  return labels.length === 0 ? '' : `by ${labels.join(' and ')}`;
}

export function sentenceOf(catalogue: Catalogue, q: Question): string {
  const where = readPredicate(q.predicate, catalogue);
  return [
    titleOf(catalogue, q),
    byText(catalogue, q.decomposition),
    where === '' ? '' : `where ${where}`,
    q.granularity === 1 ? 'each second' : `every ${q.granularity} s`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

export function questionOf(q: Question): Question {
  const { module, stat, predicate, decomposition, granularity } = q;
  return { module, stat, predicate, decomposition, granularity };
}

/** The seconds that a panel shows, as parameters of a value request. */
function secondsOf({ start, end, step }: Shown): string {
  const points = Math.max(1, Math.round((end - start) / step));
  return `start_time=${start}&duration=${step}&ndatapoints=${points}`;
}

interface Shown {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** The values that a panel shows; percentiles and counts of each second as CSV. */
export function valuesPath(base: string, id: string, shown: Shown): string {
  return `${base}/instrumentations/${encodeURIComponent(id)}/value/raw?${secondsOf(shown)}`;
}

export function percentilesPath(base: string, id: string, shown: Shown): string {
  return `${base}/instrumentations/${encodeURIComponent(id)}/value/top.csv?${secondsOf(shown)}&percentiles=50,95,99&limit=1000`;
}

/** For a shell: one line that asks the same again. */
export function curlOf(q: Question, base: string): string {
  const body = JSON.stringify(questionOf(q)).replaceAll("'", `'\\''`);
  return `curl -s -X POST -H 'content-type: application/json' -d '${body}' ${base}/instrumentations`;
}

export function cactlOf(q: Question): string {
  const predicate = treeOf(q.predicate);
  const where = predicate.kind === 'always' ? '' : printPredicate(predicate).replaceAll("'", `'\\''`);
  return [
    `cactl create ${q.module}.${q.stat}`,
    q.decomposition.length === 0 ? '' : `--by ${q.decomposition.join(',')}`,
    where === '' ? '' : `--where '${where}'`,
    q.granularity === 1 ? '' : `--granularity ${q.granularity}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

export interface Proposal {
  readonly metric: MetricInfo;
  /** How long each event took; undefined where that is not known: a graph then. */
  readonly numeric: string | undefined;
  readonly discrete: readonly string[];
}

/** Who did it is what most people want to know first. */
const WHO = 'execname';
/** Our own work is what people ask about last. */
const OURSELVES = 'ca';

/** Metrics with ways to break them down; those whose events last some time first: that is what people come for. */
export function proposalsOf(catalogue: Catalogue): Proposal[] {
  const uses = new Map<string, number>();
  for (const { fields } of catalogue.metrics) for (const f of fields) uses.set(f, (uses.get(f) ?? 0) + 1);
  // A field that few metrics have says most about this one; what all have (the host) says least.
  const rank = (field: string): number => (field === WHO ? 0 : (uses.get(field) ?? 0));
  const bySpecificity = (a: string, b: string): number => rank(a) - rank(b);
  const proposals = catalogue.metrics.map((metric) => {
    const numeric = metric.fields.find((field) => {
      const type = typeOfField(catalogue, field);
      return type?.unit === 'seconds' && (type.power ?? 0) < -3;
    });
    const discrete = metric.fields.filter((f) => !isNumericField(catalogue, f)).sort(bySpecificity);
    return { metric, numeric, discrete };
  });
  const worth = ({ metric, numeric }: Proposal): number =>
    (metric.module === OURSELVES ? 0 : 1000) + (numeric === undefined ? 0 : 100) + metric.fields.length;
  // The more is known about each event, the more there is to find out. One of each module comes first: CPU, memory and
  // disks are not behind the sixth question about files.
  const ranked = proposals.filter(({ discrete }) => discrete.length > 0).sort((a, b) => worth(b) - worth(a));
  const first = ranked.filter(
    (one, i) => ranked.findIndex((o) => o.metric.module === one.metric.module) === i,
  );
  const ours = (one: Proposal): boolean => one.metric.module === OURSELVES;
  const leaders = first.filter((one) => !ours(one));
  return [...leaders, ...ranked.filter((one) => !leaders.includes(one))];
}

/** What most of the metrics that are missing here are missing for, where that is more than one or two. */
export function shortage(
  catalogue: Catalogue,
): { readonly metrics: number; readonly reason: string } | undefined {
  const counts = new Map<string, number>();
  for (const { reasons } of catalogue.unavailable ?? []) {
    for (const { reason } of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  // What another system's kernel would tell is no lack of this one.
  counts.delete('only illumos tells this');
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  // A few of many are no lack that anybody must hear of before the first question; a search finds them with the reason.
  const notable = Math.max(SHORTAGE, catalogue.metrics.length / SHORTAGE);
  return most === undefined || most[1] < notable ? undefined : { metrics: most[1], reason: most[0] };
}

const SHORTAGE = 5;

/** Why no node can observe it: what most of them say. */
export function whyNot({ reasons }: Pick<UnavailableMetric, 'reasons'>): string {
  const [most, ...others] = [...reasons].sort((a, b) => b.nodes - a.nodes);
  if (most === undefined) return 'No node can observe this.';
  const more = others.length === 0 ? '' : ` (other nodes: ${others.map(({ reason }) => reason).join('; ')})`;
  return `No node can observe this: ${most.reason}${more}`;
}
