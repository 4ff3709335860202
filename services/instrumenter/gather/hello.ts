/*
 * What this node says of itself when it comes: the metrics it can do, with their words, and source by source.
 * In: open sources. Out: the body of instrumenter_online.
 */
import type { Body, WireOffer } from '../../../common/wire/message';
import { describe, metadataOf, METRICS, publicMetric } from '../metrics/registry';
import { metricName } from '../../../common/model/metric';
import { LIMITS } from '../../../common/service/limits';
import type { Source } from '../sources/source';

export function hello(sources: readonly Source[]): Body<'instrumenter_online'> {
  const fieldsOf = new Map<string, string[]>();
  const offers: WireOffer[] = [];
  for (const source of sources) {
    for (const offer of source.offers()) {
      // A metric without a description has no words: nobody could ask for it.
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
      metrics: metrics.map(({ synonyms, misses, ...m }) => ({
        ...m,
        ...(synonyms === undefined ? {} : { synonyms: [...synonyms] }),
        ...(misses === undefined ? {} : { misses: [...misses] }),
        fields: [...m.fields],
      })),
    },
    offers,
  };
}
