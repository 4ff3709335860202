/*
 * Source `self`: the instrumenter's own ticks, calls, enablings and disablings. In: journal.ts, while a metric of it is gathered.
 * Out: a probe for each instrumentation.
 */
import { metricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import type { Journal } from '../../gather/journal';
import { METRICS } from '../../metrics/registry';
import { PointTally } from '../points';
import type { Offer, Probe, Source } from '../source';

export function openSelf({ journal, host }: { journal: Journal; host: string }): Source {
  const offers: Offer[] = METRICS.filter((m) => m.self === true).map((m) => ({
    metric: metricName(m),
    fields: m.fields,
  }));
  return {
    name: 'self',
    offers: () => offers,
    enable: (instrumentation) => Promise.resolve(listenFor(instrumentation, journal, host)),
    close: () => undefined,
  };
}

function listenFor(instrumentation: Instrumentation, journal: Journal, host: string): Probe {
  const tally = new PointTally(instrumentation);
  let closed = tally.take();
  const stop = journal.listen(metricName(instrumentation), ({ fields, value }) => {
    tally.add({ fields: { ...fields, hostname: host }, value });
  });
  return {
    flip: () => {
      closed = tally.take();
    },
    read: () => ({ value: closed, lost: 0 }),
    close: stop,
  };
}
