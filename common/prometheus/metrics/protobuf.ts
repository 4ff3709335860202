/*
 * Families as length-delimited io.prometheus.client.MetricFamily messages: the only scrape format with native
 * histograms. In: families. Out: bytes. Field numbers are those of client_model's metrics.proto.
 */
import type { Family, FamilyType, HistogramValue, Metric, NativeHistogram } from './family';
import { ProtobufWriter } from '../outgoing/protobuf-writer';

const TYPES: Record<FamilyType, number> = { counter: 0, gauge: 1, histogram: 4 };

export function toProtobuf(families: readonly Family[]): Buffer {
  const out = new ProtobufWriter();
  for (const { name, type, help, unit, metrics } of families) {
    out.delimited((family) => {
      family
        .text(1, type === 'counter' ? `${name}_total` : name)
        .text(2, help)
        .uint(3, TYPES[type]);
      for (const metric of metrics)
        family.message(4, (inner) => {
          writeMetric(inner, type, metric);
        });
      if (unit !== '') family.text(5, unit);
    });
  }
  return out.bytes();
}

function writeMetric(out: ProtobufWriter, type: FamilyType, { labels, value, created }: Metric): void {
  for (const [name, text] of labels) out.message(1, (pair) => pair.text(1, name).text(2, text));
  if (typeof value !== 'number') {
    out.message(7, (histogram) => {
      writeHistogram(histogram, value);
      if (created !== undefined)
        histogram.message(15, (time) => {
          writeTime(time, created);
        });
    });
  } else if (type === 'counter') {
    out.message(3, (inner) => {
      inner.double(1, value);
      if (created !== undefined)
        inner.message(3, (time) => {
          writeTime(time, created);
        });
    });
  } else out.message(2, (inner) => inner.double(1, value));
}

function writeHistogram(
  out: ProtobufWriter,
  { bounds, cumulative, count, sum = 0, native }: HistogramValue,
): void {
  out.uint(1, count).double(2, sum);
  bounds.forEach((bound, i) =>
    out.message(3, (bucket) => bucket.uint(1, cumulative[i] ?? 0).double(2, bound)),
  );
  if (native === undefined) return;
  out.sint(5, native.schema).double(6, native.zeroThreshold).uint(7, native.zeroCount);
  const { spans, deltas } = spansOf(native.buckets);
  // An empty span marks a native histogram that has no buckets yet.
  for (const { offset, length } of spans.length === 0 ? [{ offset: 0, length: 0 }] : spans) {
    out.message(12, (span) => span.sint(1, offset).uint(2, length));
  }
  for (const delta of deltas) out.sint(13, delta);
}

export interface Span {
  readonly offset: number;
  length: number;
}

/** Runs of neighbouring buckets: the first offset is an index, each later one the gap before it; deltas from bucket to bucket. */
export function spansOf(buckets: NativeHistogram['buckets']): { spans: Span[]; deltas: number[] } {
  const spans: Span[] = [];
  const deltas: number[] = [];
  let [next, last] = [0, 0];
  for (const [index, count] of buckets) {
    const current = spans[spans.length - 1];
    if (current !== undefined && index === next) current.length++;
    else spans.push({ offset: index - next, length: 1 });
    deltas.push(count - last);
    [next, last] = [index + 1, count];
  }
  return { spans, deltas };
}

/** google.protobuf.Timestamp. */
function writeTime(out: ProtobufWriter, ms: number): void {
  out.uint(1, Math.floor(ms / 1000)).uint(2, Math.round((ms % 1000) * 1e6));
}
