/*
 * Instrumentations with `export: {prometheus: …}` as families of /metrics: monotonic counters, from when this
 * aggregator began to count. In: slots as they are settled. Out: families. A missed scrape loses nothing; after a
 * restart, or on another aggregator, the created timestamp shows that counting restarted.
 */
import { breakdownOf, fqid, gridOfInstrumentation } from '../../../common/model/instrumentation';
import { exportBounds, histogramValue, type Bounds } from '../../../common/prometheus/outgoing/bounds';
import { withoutName, type Family, type Metric } from '../../../common/prometheus/metrics/family';
import { labelsOf, namingOf } from '../../../common/prometheus/naming';
import type { Owned } from '../owned';
import type { Slot } from '../dataset/slot';
import { SeriesOut } from './series';
import type { Consumer } from './settled-feed';

interface Exported {
  readonly owned: Owned;
  /** The export's bounds, to notice changes. */
  readonly asked: string;
  readonly bounds: Bounds;
  readonly out: SeriesOut;
}

export class PrometheusExport implements Consumer {
  private readonly exported = new Map<string, Exported>();

  wants({ instrumentation }: Owned): boolean {
    return instrumentation.export?.prometheus !== undefined;
  }

  slot(owned: Owned, time: number, slot: Slot | undefined): void {
    const { granularity } = owned.dataset;
    this.of(owned, time).out.add(slot, time, granularity);
  }

  end(id: string): void {
    this.exported.delete(id);
  }

  families(): Family[] {
    return [...this.exported.values()].map(familyOf);
  }

  private of(owned: Owned, time: number): Exported {
    const { instrumentation } = owned;
    const id = fqid(instrumentation);
    const asked = JSON.stringify(instrumentation.export?.prometheus ?? {});
    const known = this.exported.get(id);
    // With other bounds it is another metric: counting restarts.
    if (known?.asked === asked) return known;
    const { numeric, discrete } = breakdownOf(instrumentation);
    const grid = gridOfInstrumentation(instrumentation);
    const bounds = exportBounds(instrumentation.export?.prometheus ?? {}, instrumentation, 9);
    const size = numeric === undefined ? 1 : grid.size;
    const out = new SeriesOut(size, bounds.keys, discrete !== undefined, time);
    const exported = { owned, asked, bounds, out };
    this.exported.set(id, exported);
    return exported;
  }
}

function familyOf({ owned: { instrumentation }, bounds, out }: Exported): Family {
  const naming = namingOf(instrumentation);
  const grid = gridOfInstrumentation(instrumentation);
  const { distribution, perUnit, unit, name } = naming;
  const point = instrumentation.valueScope === 'point';
  const metrics = [...out.series.values()].map(({ key, since, total, newest }): Metric => ({
    labels: withoutName(labelsOf(naming, key)),
    created: 1000 * since,
    value: distribution
      ? histogramValue(total, bounds, grid, perUnit)
      : ((point ? newest[0] : total[0]) ?? 0) / perUnit,
  }));
  const words = `${instrumentation.module}.${instrumentation.stat}`;
  return {
    name,
    unit,
    metrics,
    type: distribution ? 'histogram' : point ? 'gauge' : 'counter',
    help: distribution
      ? `${words}: counts are exact, the sum is estimated from the middle of each bucket.`
      : point
        ? `${words}, as it stands.`
        : `${words}, since this aggregator began to count.`,
  };
}
