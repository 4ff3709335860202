/*
 * Whether a node can gather an instrumentation, by its catalogue. In: the catalogue, an item of the document.
 * Out: the source that would gather it. The node and the config service share this function, so that the nodes that
 * gather are those that are expected to.
 */
import type { Metric, MetricName } from '../model/metric';
import { metricName } from '../model/metric';
import { predicateFields } from '../model/predicate/predicate';
import { digestOf } from './digest';
import { instrumentationOf } from './gathers';
import type { GatherItem, WireCatalogue } from './message';

/** Digest of what a value of the metric means. Without its label, which another version may reword. */
export function meaningOf({ unit, type }: Pick<Metric, 'unit' | 'type'>): string {
  return digestOf({ unit, type });
}

interface Words {
  readonly metrics: ReadonlyMap<MetricName, Metric>;
  readonly offers: ReadonlyMap<string, readonly Offered[]>;
  /** Cached answers: a fleet with one catalogue asks the same many times. */
  readonly sources: WeakMap<GatherItem, string | false>;
}

interface Offered {
  readonly source: string;
  readonly fields: readonly string[];
  readonly unfiltered: readonly string[];
}

const known = new WeakMap<WireCatalogue, Words>();

function wordsOf(catalogue: WireCatalogue): Words {
  let words = known.get(catalogue);
  if (words !== undefined) return words;
  const offers = new Map<string, Offered[]>();
  for (const { metric, source, fields, unfiltered = [] } of catalogue.offers) {
    if (fields !== undefined)
      offers.set(metric, [...(offers.get(metric) ?? []), { source, fields, unfiltered }]);
  }
  const metrics = new Map(catalogue.metadata.metrics.map((metric) => [metricName(metric), metric]));
  known.set(catalogue, (words = { metrics, offers, sources: new WeakMap() }));
  return words;
}

/** The first source that has the metric with all fields; undefined when none has, or when its definition differs. */
export function sourceFor(catalogue: WireCatalogue, item: GatherItem): string | undefined {
  const { sources } = wordsOf(catalogue);
  let source = sources.get(item);
  if (source === undefined) sources.set(item, (source = find(catalogue, item) ?? false));
  return source === false ? undefined : source;
}

function find(catalogue: WireCatalogue, item: GatherItem): string | undefined {
  const instrumentation = instrumentationOf(item);
  const name = metricName(instrumentation);
  const { metrics, offers } = wordsOf(catalogue);
  const metric = metrics.get(name);
  if (metric === undefined) return undefined;
  const { meaning } = instrumentation;
  if (meaning !== undefined && meaning !== meaningOf(metric)) return undefined;
  const filtered = predicateFields(instrumentation.predicate);
  const fields = [...new Set([...instrumentation.decomposition, ...filtered])];
  const { fields: words } = catalogue.metadata;
  const sameTypes = fields.every(
    (field) => Object.hasOwn(words, field) && words[field]?.type === instrumentation.fields[field],
  );
  if (!sameTypes) return undefined;
  return offers
    .get(name)
    ?.find(
      (has) =>
        fields.every((field) => has.fields.includes(field)) &&
        !filtered.some((field) => has.unfiltered.includes(field)),
    )?.source;
}
