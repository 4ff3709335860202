/*
 * Source `proc`: counters that the kernel always keeps, at the cost of reading them. In: /proc and /sys (files.ts).
 * Out: a probe for each instrumentation, over the snapshots that the descriptions' parts `proc` make. Next: snapshots.ts.
 */
import { metricName, type MetricName } from '../../../../common/model/metric';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { METRICS } from '../../metrics/registry';
import { neededFields } from '../points';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { snapshotProbe } from '../snapshots';
import { REAL_FILES, type Files } from './files';
import { machine, type Machine } from './machine';
import { sharedLook } from './shared-look';
import type { ProcPart } from './metric';

/** One way to read one metric. */
interface Way extends ProcPart {
  readonly metric: MetricName;
}

const WAYS: readonly Way[] = METRICS.flatMap((description) =>
  [description.proc ?? []].flat().map((part) => ({ ...part, metric: metricName(description) })),
);

interface ProcOptions {
  readonly host: string;
  readonly elapsed: () => number;
}

/** Throws if there is no /proc. */
export function openProc({ host, elapsed }: ProcOptions, files: Files = REAL_FILES): Source {
  if (files.read('/proc/stat') === undefined) throw new Error('there is no /proc as Linux has it');
  const here = machine(files, elapsed);
  const offers = offersOf(here);

  const lookOf = sharedLook(here);

  const enable = (instrumentation: Instrumentation): Probe => {
    const name = metricName(instrumentation);
    const needed = new Set(neededFields(instrumentation));
    // A metric that is missing here is not offered; of two ways the first with all the fields is used.
    const found = WAYS.find(
      ({ metric, fields, missing }) =>
        metric === name &&
        missing(here) === undefined &&
        [...needed].every((field) => field === 'hostname' || fields.includes(field)),
    );
    if (found === undefined) {
      const reasons = WAYS.filter(({ metric }) => metric === name).map(
        ({ missing }) => missing(here) ?? 'it does not have all of these fields',
      );
      const why = reasons.join('; ') || 'no description in the registry has a part for proc';
      throw new EnableError(`proc cannot read ${name} by ${[...needed].join(', ')}: ${why}`);
    }
    const probe = snapshotProbe({
      question: instrumentation,
      measure: found.measure,
      look: lookOf(found, needed),
      elapsed,
      common: { hostname: host },
    });
    return needed.has('psargs') ? { ...probe, shortfall: () => files.heldUp() } : probe;
  };

  return {
    name: 'proc',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => undefined,
  };
}

/** A metric with two ways is available if one of them is. */
function offersOf(here: Machine): readonly Offer[] {
  const offers = WAYS.map(({ metric, fields, missing }): Offer => {
    const unavailable = missing(here);
    return unavailable === undefined ? { metric, fields: ['hostname', ...fields] } : { metric, unavailable };
  });
  const there = new Set(offers.flatMap((offer) => ('fields' in offer ? [offer.metric] : [])));
  const missing = new Map(offers.filter(({ metric }) => !there.has(metric)).map((o) => [o.metric, o]));
  return [...offers.filter((offer) => 'fields' in offer), ...missing.values()];
}
