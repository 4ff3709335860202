/*
 * Values in OTLP's JSON: histograms with explicit bounds, ours, so that no count changes its bucket. In: values.
 * Out: the text of an ExportMetricsServiceRequest. 64-bit numbers are decimal texts there, and enumerations numbers.
 */
import type { Outgoing, OutgoingHistogram } from './outgoing';

export type Temporality = 'delta' | 'cumulative';

/** flags of a point that says: no more values. */
const NO_RECORDED_VALUE = 1;
/** UCUM, as OpenTelemetry wants units. */
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' };

type Json = Readonly<Record<string, unknown>>;

export function otlpText(points: readonly Outgoing[], temporality: Temporality, instance: string): string {
  const byName = new Map<string, { first: Outgoing; shape: string; dataPoints: Json[] }>();
  for (const point of points) {
    const shape = shapeOf(point);
    const key = `${point.plainName} ${shape}`;
    const metric = byName.get(key) ?? { first: point, shape, dataPoints: [] };
    byName.set(key, metric);
    metric.dataPoints.push(dataPoint(point, temporality));
  }
  const aggregationTemporality = temporality === 'delta' ? 1 : 2;
  const metrics = [...byName.values()].map(
    ({ first: { plainName: name, help: description, unit }, shape, dataPoints }) => ({
      name,
      description,
      unit: UNITS[unit] ?? '1',
      ...(shape === 'gauge'
        ? { gauge: { dataPoints } }
        : shape === 'sum'
          ? { sum: { dataPoints, aggregationTemporality, isMonotonic: true } }
          : { histogram: { dataPoints, aggregationTemporality } }),
    }),
  );
  const attributes = attributesOf([
    ['service.name', 'cloud-analytics'],
    ['service.instance.id', instance],
  ]);
  return JSON.stringify({
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: [{ scope: { name: 'cloud-analytics' }, metrics }] },
    ],
  });
}

function shapeOf({ value }: Outgoing): 'gauge' | 'sum' | 'histogram' {
  if (value.kind === 'histogram' || (value.kind === 'ended' && value.histogram)) return 'histogram';
  return value.kind === 'number' && value.total !== undefined ? 'sum' : 'gauge';
}

function dataPoint({ labels, from, to, since, value }: Outgoing, temporality: Temporality): Json {
  const delta = temporality === 'delta';
  const common = {
    attributes: attributesOf([...labels]),
    startTimeUnixNano: nanos(delta ? from : since),
    timeUnixNano: nanos(to),
  };
  switch (value.kind) {
    case 'ended':
      return {
        ...common,
        flags: NO_RECORDED_VALUE,
        ...(value.histogram ? { count: '0', bucketCounts: [], explicitBounds: [] } : {}),
      };
    case 'number':
      return { ...common, asDouble: delta || value.total === undefined ? value.of : value.total };
    case 'histogram':
      return { ...common, ...histogram(delta ? value.of : value.total) };
  }
}

function histogram({ counts, uppers, sum }: OutgoingHistogram): Json {
  return {
    count: String(counts.reduce((total, count) => total + Math.round(count), 0)),
    sum,
    bucketCounts: counts.map((count) => String(Math.round(count))),
    explicitBounds: uppers,
  };
}

function attributesOf(pairs: readonly (readonly [string, string])[]): Json[] {
  return pairs.map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function nanos(ms: number): string {
  return `${Math.round(ms)}000000`;
}
