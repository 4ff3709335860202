import { uncompress } from 'snappyjs';
import { otlpText } from './otlp';
import type { Outgoing } from './outgoing';
import { remoteWriteBody, remoteWriteRequest } from './remote-write';

const of = { counts: [0, 2, 0, 3, 1], uppers: [0.001, 0.002, 0.003, 0.004], sum: 0.5 };
const total = { ...of, counts: [1, 2, 3, 4, 5], sum: 2 };
const HISTOGRAM: Outgoing = {
  name: 'ca_disk_physio_ops_latency_seconds',
  plainName: 'ca.disk.physio_ops.latency',
  help: 'What it is.',
  unit: 'seconds',
  labels: new Map([
    ['id', '5'],
    ['disk', 'sda'],
  ]),
  from: 1_700_000_000_000,
  to: 1_700_000_001_000,
  since: 1_600_000_000_000,
  value: { kind: 'histogram', of, total },
};
const NUMBER: Outgoing = {
  ...HISTOGRAM,
  name: 'ca_x',
  plainName: 'ca.x',
  unit: '',
  value: { kind: 'number', of: 1, total: 7 },
};

interface Point {
  readonly startTimeUnixNano: string;
  readonly bucketCounts?: string[];
  readonly asDouble?: number;
  readonly flags?: number;
}
interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly histogram?: { aggregationTemporality: number; dataPoints: Point[] };
  readonly sum?: { isMonotonic: boolean; dataPoints: Point[] };
  readonly gauge?: { dataPoints: Point[] };
}

function metricsOf(text: string): OtlpMetric[] {
  const { resourceMetrics } = JSON.parse(text) as {
    resourceMetrics: { scopeMetrics: { metrics: OtlpMetric[] }[] }[];
  };
  return resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
}

test('delta contains the point alone, cumulative everything since the start of counting', () => {
  const [delta] = metricsOf(otlpText([HISTOGRAM], 'delta', 'a'));
  expect(delta).toMatchObject({
    name: 'ca.disk.physio_ops.latency',
    unit: 's',
    histogram: { aggregationTemporality: 1 },
  });
  expect(delta?.histogram?.dataPoints[0]).toEqual({
    attributes: [
      { key: 'id', value: { stringValue: '5' } },
      { key: 'disk', value: { stringValue: 'sda' } },
    ],
    startTimeUnixNano: '1700000000000000000',
    timeUnixNano: '1700000001000000000',
    count: '6',
    sum: 0.5,
    bucketCounts: ['0', '2', '0', '3', '1'],
    explicitBounds: [0.001, 0.002, 0.003, 0.004],
  });
  const [cumulative, number] = metricsOf(otlpText([HISTOGRAM, NUMBER], 'cumulative', 'a'));
  expect(cumulative?.histogram?.dataPoints[0]).toMatchObject({
    count: '15',
    startTimeUnixNano: '1600000000000000000',
  });
  expect(number?.sum).toMatchObject({ isMonotonic: true, dataPoints: [{ asDouble: 7 }] });
});

test('a snapshot is a gauge, and the end of a series is a point without a value', () => {
  const snapshot: Outgoing = { ...NUMBER, value: { kind: 'number', of: 3, total: undefined } };
  const ended: Outgoing = { ...HISTOGRAM, value: { kind: 'ended', histogram: true, uppers: of.uppers } };
  const [gauge, histogram] = metricsOf(otlpText([snapshot, ended], 'cumulative', 'a'));
  expect(gauge?.gauge?.dataPoints[0]?.asDouble).toBe(3);
  expect(histogram?.histogram?.dataPoints[0]?.flags).toBe(1);
});

test('remote write has sorted labels as symbols, and a histogram with custom bounds', () => {
  const bytes = remoteWriteRequest([HISTOGRAM]);
  const text = bytes.toString('latin1');
  const symbols = ['', '__name__', HISTOGRAM.name, 'disk', 'sda', 'id', '5'];
  expect(bytes.toString('hex')).toMatch(/^2200/);
  let at = 0;
  for (const symbol of symbols) {
    const found = text.indexOf(String.fromCharCode(0x22, symbol.length) + symbol, at);
    expect(found).toBeGreaterThanOrEqual(at);
    at = found + 2 + symbol.length;
  }
  const hex = bytes.toString('hex');
  // count 6, sum 0.5, schema -53 (zigzag 105), zero count 0; two spans (1,1) and (1,2); deltas 2, 1, -2; gauge.
  expect(hex).toContain(
    ['0806', '19000000000000e03f', '2069', '3000', '5a0408021001', '5a0408021002', '6203040203', '7003'].join(
      '',
    ),
  );
});

test('the body is a snappy block of the request', () => {
  const points = Array.from({ length: 50 }, (_, i) => ({ ...HISTOGRAM, to: HISTOGRAM.to + i }));
  const [plain, body] = [remoteWriteRequest(points), remoteWriteBody(points)];
  expect(Buffer.from(uncompress(body)).equals(plain)).toBe(true);
  expect(body.length).toBeLessThan(plain.length / 2);
});

test('the end of a series is the stale NaN', () => {
  const ended: Outgoing = { ...NUMBER, value: { kind: 'ended', histogram: false, uppers: [] } };
  expect(remoteWriteRequest([ended]).toString('hex')).toContain('09020000000000f07f');
});
