/*
 * Why a metric cannot be asked here. In: the catalogue of this build, and what the instrumenters say of their sources.
 * Out: for a metric nobody offers, one sentence a node. The catalogue knows which sources could observe it.
 */
import { SOURCE_NAMES } from '../../services/instrumenter/sources/source';
import type { MetricDescription } from '../../services/instrumenter/metrics/language/description';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { rowsOf, textOf, type Answered } from '../cli/system/survey';

export interface Obstacle {
  readonly node: string;
  readonly reason: string;
}

export function catalogued(name: string): MetricDescription | undefined {
  return METRICS.find((m) => `${m.module}.${m.stat}` === name);
}

export function unoffered(offered: ReadonlySet<string>): MetricDescription[] {
  return METRICS.filter((m) => !offered.has(`${m.module}.${m.stat}`));
}

/** Sources of this build that have a way to observe it. */
export function sourcesOf(metric: MetricDescription): string[] {
  return SOURCE_NAMES.filter((source) => source in metric);
}

export function obstaclesTo(metric: MetricDescription, instrumenters: readonly Answered[]): Obstacle[] {
  const able = sourcesOf(metric);
  return instrumenters.map(({ host, status }) => {
    const reasons = rowsOf(status['sources']).flatMap((source) => {
      const name = textOf(source['name']);
      const missing = rowsOf(source['missing']).find(
        (m) => m['metric'] === `${metric.module}.${metric.stat}`,
      );
      const why = textOf(missing?.['reason']) || textOf(source['unavailable']);
      return able.includes(name) && why !== '' ? [`${name}: ${why}`] : [];
    });
    const running = rowsOf(status['sources']).map((source) => textOf(source['name']));
    const elsewhere = able.filter((name) => !running.includes(name)).map((name) => absent(metric, name));
    const reason = [...reasons, ...elsewhere].join('; ');
    return { node: host, reason: reason === '' ? 'its sources do not have it' : reason };
  });
}

/** Why a source that could observe it is not among a node's. */
function absent({ dtrace }: MetricDescription, source: string): string {
  if (source === 'kstat') return 'kstat is illumos’';
  if (source !== 'dtrace') return `CA_SOURCES of this node leaves ${source} out`;
  return dtrace?.linux === undefined
    ? 'dtrace has it on illumos only'
    : 'dtrace is opened on Linux only where CA_SOURCES names it';
}
