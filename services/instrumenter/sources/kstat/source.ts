/*
 * Source `kstat`: counters that illumos always keeps. In: kernel statistics (reader.ts). Out: a probe for each
 * instrumentation, over the snapshots that the descriptions' parts `kstat` make. Next: snapshots.ts.
 */
import { metricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { describe, METRICS } from '../../metrics/registry';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { snapshotProbe, type Row } from '../snapshots';
import type { Data, KstatPart } from './metric';
import { openKstats, type Kstat, type Kstats } from './reader';

interface KstatOptions {
  readonly host: string;
  readonly elapsed: () => number;
}

/** Throws where there are no kernel statistics of this kind. */
export function openKstat({ host, elapsed }: KstatOptions, kstats: Kstats = openKstats()): Source {
  const offers = METRICS.flatMap((description): Offer[] =>
    description.kstat === undefined
      ? []
      : [{ metric: metricName(description), fields: ['hostname', ...description.kstat.fields] }],
  );

  const enable = (instrumentation: Instrumentation): Probe => {
    const name = metricName(instrumentation);
    const found = describe(name)?.kstat;
    if (found === undefined) throw new EnableError(`kstat does not know ${name}`);
    return snapshotProbe({
      question: instrumentation,
      measure: found.measure,
      look: () => rowsOf(found, kstats.read(found.select)),
      elapsed,
      common: { hostname: host },
    });
  };

  return {
    name: 'kstat',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => {
      kstats.close();
    },
  };
}

/** Statistics with an error are left out: the others still count. */
function rowsOf(metric: KstatPart, kstats: readonly Kstat[]): Row[] {
  return kstats.flatMap((kstat) => {
    const { data } = kstat;
    if (data === undefined || kstat.error !== undefined || metric.filter?.(kstat) === false) return [];
    const number: Data = (name) => (typeof data[name] === 'number' ? data[name] : 0);
    const counters = metric.counters?.(number);
    const gauges = metric.gauges?.(number);
    const row: Row = {
      // A zone that is booted again has new statistics under the old name: crtime tells them apart.
      key: `${kstat.module}:${kstat.instance}:${kstat.class}:${kstat.name}:${kstat.crtime ?? 0}`,
      fields: metric.names(kstat),
      ...(counters === undefined ? {} : { counters: { ...counters, snaptime: kstat.snaptime } }),
      ...(gauges === undefined ? {} : { gauges }),
    };
    return [row];
  });
}
