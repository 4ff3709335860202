/*
 * Values as a Request of Prometheus remote write 2.0: distributions are histograms with custom bounds (schema -53),
 * one series each, marked as gauges: each second stands alone. In: values. Out: bytes, compressed.
 * Field numbers are those of io/prometheus/write/v2/types.proto.
 */
import { compress } from 'snappyjs';
import { NAME_LABEL } from '../promql/expression';
import type { Outgoing } from './outgoing';
import { spansOf } from '../metrics/protobuf';
import { packedDoubles, ProtobufWriter } from './protobuf-writer';

export const REMOTE_WRITE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '2.0.0',
};

const CUSTOM_BOUNDS = -53;
const RESET_GAUGE = 3;
const TYPE_GAUGE = 2;
const TYPE_GAUGE_HISTOGRAM = 4;
/** The stale NaN: this series has ended. */
const STALE = 0x7ff0000000000002n;

/** Points of one series must be in time order. */
export function remoteWriteBody(points: readonly Outgoing[]): Buffer {
  return Buffer.from(compress(remoteWriteRequest(points)));
}

export function remoteWriteRequest(points: readonly Outgoing[]): Buffer {
  const symbols = new Map<string, number>([['', 0]]);
  const symbol = (text: string): number => {
    const known = symbols.get(text);
    if (known !== undefined) return known;
    symbols.set(text, symbols.size);
    return symbols.size - 1;
  };
  const series = new Map<string, { refs: number[]; points: Outgoing[] }>();
  for (const point of points) {
    const labels = [[NAME_LABEL, point.name] as const, ...point.labels].sort(([a], [b]) => (a < b ? -1 : 1));
    // An empty label is the same as no label.
    const refs = labels
      .filter(([, value]) => value !== '')
      .flatMap(([name, value]) => [symbol(name), symbol(value)]);
    const key = refs.join();
    const one = series.get(key) ?? { refs, points: [] };
    series.set(key, one);
    one.points.push(point);
  }
  const body = new ProtobufWriter();
  for (const { refs, points: own } of series.values()) {
    body.message(5, (out) => {
      out.packedUints(1, refs);
      for (const point of own) writePoint(out, point);
      const [first] = own;
      if (first === undefined) return;
      out.message(5, (metadata) => {
        const histogram =
          first.value.kind === 'histogram' || (first.value.kind === 'ended' && first.value.histogram);
        metadata.uint(1, histogram ? TYPE_GAUGE_HISTOGRAM : TYPE_GAUGE);
        metadata.uint(3, symbol(first.help)).uint(4, symbol(first.unit));
      });
    });
  }
  const request = new ProtobufWriter();
  for (const text of symbols.keys()) request.text(4, text);
  return Buffer.concat([request.bytes(), body.bytes()]);
}

function writePoint(out: ProtobufWriter, { value, to }: Outgoing): void {
  const time = Math.round(to);
  if (value.kind === 'number') {
    out.message(2, (sample) => sample.double(1, value.of).int(2, time));
  } else if (value.kind === 'histogram') {
    const { counts, uppers, sum } = value.of;
    out.message(3, (histogram) => {
      writeHistogram(histogram, counts, uppers, (inner) => inner.double(3, sum), time);
    });
  } else if (value.histogram) {
    out.message(3, (histogram) => {
      writeHistogram(histogram, [], value.uppers, (inner) => inner.doubleBits(3, STALE), time);
    });
  } else {
    out.message(2, (sample) => sample.doubleBits(1, STALE).int(2, time));
  }
}

function writeHistogram(
  out: ProtobufWriter,
  counts: readonly number[],
  uppers: readonly number[],
  writeSum: (out: ProtobufWriter) => void,
  time: number,
): void {
  const filled: [number, number][] = [];
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count > 0) filled.push([i, count]);
  }
  const whole = filled.every(([, count]) => Number.isSafeInteger(count));
  const total = filled.reduce((sum, [, count]) => sum + count, 0);
  if (whole) out.uint(1, total);
  else out.double(2, total);
  writeSum(out);
  out.sint(4, CUSTOM_BOUNDS);
  if (whole) out.uint(6, 0);
  else out.double(7, 0);
  const { spans, deltas } = spansOf(filled);
  for (const { offset, length } of spans) out.message(11, (span) => span.sint(1, offset).uint(2, length));
  if (whole) out.packedSints(12, deltas);
  else out.part(13, packedDoubles(filled.map(([, count]) => count)));
  out.uint(14, RESET_GAUGE).int(15, time).part(16, boundsBytes(uppers));
}

const boundBytes = new WeakMap<readonly number[], Buffer>();

/** The same for each point of an instrumentation. */
function boundsBytes(uppers: readonly number[]): Buffer {
  const known = boundBytes.get(uppers) ?? packedDoubles(uppers);
  boundBytes.set(uppers, known);
  return known;
}
