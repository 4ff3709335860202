/*
 * Source `synthetic`: every metric, with invented numbers that follow from CA_SEED, the node's name and
 * the second alone: tests can predict them, and one machine can run a thousand nodes.
 * In: an instrumentation. Out: a probe; syntheticValue() predicts its values. Next: events.ts.
 */
import { seconds, type Clock } from '../../../../common/service/clock';
import {
  reportSeconds,
  shapeOfInstrumentation,
  type Instrumentation,
} from '../../../../common/model/instrumentation';
import { metricName, type Metric } from '../../../../common/model/metric';
import { add, zero, type Value } from '../../../../common/model/value';
import { describe, METRICS } from '../../metrics/registry';
import { valueOf } from '../points';
import { EnableError, type Offer, type Probe, type Source } from '../source';
import { pointsAt, type Origin } from './events';

interface SyntheticOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly seed: number;
}

export function openSynthetic({ host, clock, seed }: SyntheticOptions): Source {
  const origin: Origin = { seed, node: host };
  const offers: readonly Offer[] = METRICS.map((m) => ({ metric: metricName(m), fields: m.fields }));

  const enable = (instrumentation: Instrumentation): Probe => {
    let begun = seconds(clock.now());
    metricOf(instrumentation);
    return {
      flip() {
        begun = seconds(clock.now());
      },
      read: () => ({
        value: syntheticValue(instrumentation, begun - reportSeconds(instrumentation.granularity), origin),
        lost: 0,
      }),
      close: () => undefined,
    };
  };

  return {
    name: 'synthetic',
    offers: () => offers,
    // oxlint-disable-next-line typescript/require-await -- what throws must reject
    enable: async (instrumentation) => enable(instrumentation),
    close: () => undefined,
  };
}

/** The value of an instrumentation in the node's report that begins with `first`. */
export function syntheticValue(instrumentation: Instrumentation, first: number, origin: Origin): Value {
  const metric = metricOf(instrumentation);
  const duration = reportSeconds(instrumentation.granularity);
  const at = (second: number): Value => valueOf(instrumentation, pointsAt(metric, second, origin));
  // A snapshot is taken at the end, as /proc is read at the end.
  if (instrumentation.valueScope === 'point') return at(first + duration - 1);
  return Array.from({ length: duration }, (_, i) => at(first + i)).reduce(
    add,
    zero(shapeOfInstrumentation(instrumentation)),
  );
}

function metricOf(instrumentation: Instrumentation): Metric {
  const metric = describe(metricName(instrumentation));
  if (metric === undefined) throw new EnableError(`there is no metric ${metricName(instrumentation)}`);
  return metric;
}
