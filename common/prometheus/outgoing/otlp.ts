/*
 * Values as OTLP JSON: histograms with our bounds as explicit bounds, so that counts stay exact. In: values.
 * Out: the text of an ExportMetricsServiceRequest. OTLP writes 64-bit numbers as decimal texts and enumerations as numbers.
 */
import type { Outgoing, OutgoingHistogram } from './outgoing';

export type Temporality = 'delta' | 'cumulative';

/** Flag of a point without a value: the series has ended. */
const NO_RECORDED_VALUE = 1;
/** UCUM units, as OpenTelemetry uses them. */
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' };

type Json = Readonly<Record<string, unknown>>;

export function otlpText(points: readonly Outgoing[], temporality: Temporality, instance: string): string {
  const byName = new Map<string, { first: Outgoing; shape: string; dataPoints: string[] }>();
  for (const point of points) {
    const shape = shapeOf(point);
    const key = `${point.plainName} ${shape}`;
    const metric = byName.get(key) ?? { first: point, shape, dataPoints: [] };
    byName.set(key, metric);
    metric.dataPoints.push(dataPoint(point, temporality));
  }
  const aggregationTemporality = temporality === 'delta' ? 1 : 2;
  const metrics = [...byName.values()].map(
    ({ first: { plainName: name, help: description, unit }, shape, dataPoints }) => {
      const head = JSON.stringify({ name, description, unit: UNITS[unit] ?? '1' }).slice(0, -1);
      const kind = shape === 'gauge' ? '' : `,"aggregationTemporality":${aggregationTemporality}`;
      const monotonic = shape === 'sum' ? ',"isMonotonic":true' : '';
      return `${head},"${shape}":{"dataPoints":[${dataPoints.join(',')}]${kind}${monotonic}}}`;
    },
  );
  const attributes = JSON.stringify(
    attributesOf([
      ['service.name', 'cloud-analytics'],
      ['service.instance.id', instance],
    ]),
  );
  return `{"resourceMetrics":[{"resource":{"attributes":${attributes}},"scopeMetrics":[{"scope":{"name":"cloud-analytics"},"metrics":[${metrics.join(',')}]}]}]}`;
}

function shapeOf({ value }: Outgoing): 'gauge' | 'sum' | 'histogram' {
  if (value.kind === 'histogram' || (value.kind === 'ended' && value.histogram)) return 'histogram';
  return value.kind === 'number' && value.total !== undefined ? 'sum' : 'gauge';
}

function dataPoint({ labels, from, to, since, value }: Outgoing, temporality: Temporality): string {
  const delta = temporality === 'delta';
  const attributes = JSON.stringify(attributesOf([...labels]));
  const start = nanos(delta ? from : since);
  const common = `"attributes":${attributes},"startTimeUnixNano":"${start}","timeUnixNano":"${nanos(to)}"`;
  switch (value.kind) {
    case 'ended': {
      const empty = value.histogram ? ',"count":"0","bucketCounts":[],"explicitBounds":[]' : '';
      return `{${common},"flags":${NO_RECORDED_VALUE}${empty}}`;
    }
    case 'number':
      return `{${common},"asDouble":${JSON.stringify(delta || value.total === undefined ? value.of : value.total)}}`;
    case 'histogram':
      return `{${common},${histogram(delta ? value.of : value.total)}}`;
  }
}

/** Written by hand for speed: nearly all of a point's ten kilobytes are constant bounds, and counts of 0. */
function histogram({ counts, uppers, sum }: OutgoingHistogram): string {
  let total = 0;
  let text = '';
  let zeros = 0;
  for (const exact of counts) {
    const count = Math.round(exact);
    if (count === 0) zeros++;
    else {
      total += count;
      text += `${ZERO.repeat(zeros)}"${count}",`;
      zeros = 0;
    }
  }
  text += ZERO.repeat(zeros);
  return `"count":"${total}","sum":${sum},"bucketCounts":[${text.slice(0, -1)}],"explicitBounds":${boundsText(uppers)}`;
}

const ZERO = '"0",';
const boundTexts = new WeakMap<readonly number[], string>();

function boundsText(uppers: readonly number[]): string {
  const known = boundTexts.get(uppers) ?? JSON.stringify(uppers);
  boundTexts.set(uppers, known);
  return known;
}

function attributesOf(pairs: readonly (readonly [string, string])[]): Json[] {
  return pairs.map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function nanos(ms: number): string {
  return `${Math.round(ms)}000000`;
}
