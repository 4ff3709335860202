/* The catalogue of this build. In: a metric's name. Out: its description, and the sources that have a way to observe it. */
import { SOURCE_NAMES } from '../../services/instrumenter/sources/source';
import type { MetricDescription } from '../../services/instrumenter/metrics/language/description';
import { METRICS } from '../../services/instrumenter/metrics/registry';

export function catalogued(name: string): MetricDescription | undefined {
  return METRICS.find((m) => `${m.module}.${m.stat}` === name);
}

/** Sources of this build that have a way to observe it. */
export function sourcesOf(metric: MetricDescription): string[] {
  return SOURCE_NAMES.filter((source) => source in metric);
}
