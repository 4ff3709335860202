/*
 * The catalogue of this node: the metrics it can gather, with their words, and source by source; and those it cannot,
 * with the reason. In: sources, open or not. Out: the catalogue, as it is sent.
 */
import type { WireCatalogue, WireOffer } from '../../../common/wire/message';
import { describe, metadataOf, METRICS, publicMetric } from '../metrics/registry';
import { metricName, type Metric } from '../../../common/model/metric';
import type { MetricDescription } from '../metrics/language/description';
import { LIMITS } from '../../../common/service/limits';
import { SOURCE_NAMES, type Source, type SourceName } from '../sources/source';

/** A source that was asked for, open or not. */
interface Asked {
  readonly name: string;
  readonly source?: Source;
  readonly unavailable?: string;
}

/** A metric as it is sent; its arrays are mutable. */
type Words = WireCatalogue['metadata']['metrics'][number];

export function catalogueOf(asked: readonly Asked[]): WireCatalogue {
  const sources = asked.flatMap(({ source }) => (source === undefined ? [] : [source]));
  const fieldsOf = new Map<string, string[]>();
  const offers: WireOffer[] = [];
  for (const source of sources) {
    for (const offer of source.offers()) {
      // A metric without a description has no words, so it cannot be requested.
      if (describe(offer.metric) === undefined) continue;
      if ('unavailable' in offer) {
        const unavailable = offer.unavailable.slice(0, LIMITS.reasonLength);
        offers.push({ metric: offer.metric, source: source.name, unavailable });
        continue;
      }
      offers.push({
        metric: offer.metric,
        source: source.name,
        fields: [...offer.fields],
        ...(offer.unfiltered === undefined ? {} : { unfiltered: [...offer.unfiltered] }),
      });
      fieldsOf.set(offer.metric, [...(fieldsOf.get(offer.metric) ?? []), ...offer.fields]);
    }
  }
  const metrics = METRICS.flatMap((d) => {
    const fields = fieldsOf.get(metricName(d));
    return fields === undefined ? [] : [publicMetric(d, fields)];
  });
  const { modules, fields } = metadataOf(metrics);
  return {
    metadata: {
      modules: { ...modules },
      fields: { ...fields },
      metrics: metrics.map(wordsOf),
      unavailable: METRICS.filter((d) => !fieldsOf.has(metricName(d))).map((d) => ({
        ...wordsOf(publicMetric(d)),
        reason: whyNot(d, asked, offers).slice(0, LIMITS.reasonLength),
      })),
    },
    offers,
  };
}

function wordsOf({ synonyms, misses, ...m }: Metric): Words {
  return {
    ...m,
    ...(synonyms === undefined ? {} : { synonyms: [...synonyms] }),
    ...(misses === undefined ? {} : { misses: [...misses] }),
    fields: [...m.fields],
  };
}

/** Why no source of this node has a metric: one sentence with the reason of each source that could have it. */
function whyNot(d: MetricDescription, asked: readonly Asked[], offers: readonly WireOffer[]): string {
  const reasons = SOURCE_NAMES.filter((name) => name in d).flatMap((name) => {
    if (isElsewhere(d, name)) return [];
    const source = asked.find((one) => one.name === name);
    if (source === undefined) return [absent(name)];
    const told = offers.find((offer) => offer.source === name && offer.metric === metricName(d));
    return [`${name}: ${told?.unavailable ?? source.unavailable ?? 'it does not have it here'}`];
  });
  return reasons.length === 0 ? ELSEWHERE : reasons.join('; ');
}

const ELSEWHERE = process.platform === 'linux' ? 'only illumos tells this' : 'only Linux tells this';

/** Parts for other operating systems than this one. */
function isElsewhere({ dtrace }: MetricDescription, name: SourceName): boolean {
  if (process.platform !== 'linux') return name === 'proc' || name === 'bpf';
  return name === 'kstat' || (name === 'dtrace' && dtrace?.linux === undefined);
}

function absent(source: SourceName): string {
  return source === 'dtrace'
    ? 'dtrace is opened on Linux only where CA_SOURCES names it'
    : `CA_SOURCES of this node leaves ${source} out`;
}
