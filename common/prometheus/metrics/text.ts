/*
 * Families as text: Prometheus' format 0.0.4, and OpenMetrics 1.0. In: families. Out: the text of a scrape.
 * They differ in the place of _total, in created timestamps, in units, and in the last line.
 */
import { plainNumber } from '../promql/json-bytes';
import type { Labels } from '../promql/expression';
import type { Family, Metric } from './family';
import { quote } from '../promql/quoted';

export function toText(families: readonly Family[], format: 'prometheus' | 'openmetrics'): string {
  const open = format === 'openmetrics';
  const lines: string[] = [];
  for (const family of families) {
    const { type, help, unit } = family;
    const name = family.type === 'counter' && !open ? `${family.name}_total` : family.name;
    const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    lines.push(`# HELP ${name} ${open ? escaped.replaceAll('"', '\\"') : escaped}`, `# TYPE ${name} ${type}`);
    if (open && unit !== '' && family.name.endsWith(`_${unit}`)) lines.push(`# UNIT ${name} ${unit}`);
    for (const metric of family.metrics) writeMetric(lines, family, metric, open);
  }
  if (open) lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function writeMetric(
  lines: string[],
  { name, type }: Family,
  { labels, value, created }: Metric,
  open: boolean,
): void {
  const own = labelsText(labels);
  const all = own === '' ? '' : `{${own}}`;
  if (typeof value === 'number') {
    lines.push(`${name}${type === 'counter' ? '_total' : ''}${all} ${plainNumber(value)}`);
  } else {
    const before = own === '' ? '' : `${own},`;
    value.bounds.forEach((bound, i) => {
      // OpenMetrics requires floats: 1.0, not 1.
      const le = open ? floatText(bound) : plainNumber(bound);
      lines.push(`${name}_bucket{${before}le="${le}"} ${value.cumulative[i] ?? 0}`);
    });
    lines.push(`${name}_bucket{${before}le="+Inf"} ${value.count}`);
    if (value.sum !== undefined) lines.push(`${name}_sum${all} ${plainNumber(value.sum)}`);
    lines.push(`${name}_count${all} ${value.count}`);
  }
  if (open && created !== undefined && type !== 'gauge')
    lines.push(`${name}_created${all} ${created / 1000}`);
}

function floatText(value: number): string {
  const text = plainNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function labelsText(labels: Labels): string {
  return [...labels].map(([name, value]) => `${name}=${quote(value)}`).join(',');
}
