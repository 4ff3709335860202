/*
 * Resources of the first API version, before GET /ca replaced them. In: the catalogue. Out: its parts in the old
 * shapes.
 */
import type { LegacyMetrics } from '../../../common/api/catalogue';
import { isNumeric } from '../../../common/model/field';
import type { Catalogue } from '../fleet/catalogue';

/** /ca/metrics: module -> stat -> fields, each with a label. */
export function legacyMetrics({ modules, metrics, fields }: Catalogue): LegacyMetrics {
  const stats = new Map<string, [string, LegacyMetrics[string]['stats'][string]][]>();
  for (const metric of metrics.values()) {
    const described = metric.fields.map((name) => {
      const field = fields.get(name);
      return [name, { label: field?.label ?? name, type: legacyType(field?.type ?? 'string') }] as const;
    });
    const stat = { label: metric.label, type: 'unused', fields: Object.fromEntries(described) };
    stats.set(metric.module, [...(stats.get(metric.module) ?? []), [metric.stat, stat]]);
  }
  return Object.fromEntries(
    [...modules].map(([name, { label }]) => [
      name,
      { label, stats: Object.fromEntries(stats.get(name) ?? []) },
    ]),
  );
}

/** The first version had three types; all times were called latencies. */
function legacyType(type: Parameters<typeof isNumeric>[0]): string {
  if (type === 'time') return 'latency';
  return isNumeric(type) ? 'number' : 'string';
}

export const legacyTypes = { latency: 'numeric', string: 'discrete', number: 'numeric' } as const;
