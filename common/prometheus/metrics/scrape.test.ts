import { counter, gauge, type Family } from './family';
import { ProtobufWriter } from '../outgoing/protobuf-writer';
import { spansOf } from './protobuf';
import { formatFor, scrapeReply } from './scrape';

const LATENCY: Family = {
  name: 'ca_disk_physio_ops_latency_seconds',
  type: 'histogram',
  help: 'Two\nlines.',
  unit: 'seconds',
  metrics: [
    {
      labels: new Map([['disk', 'a"b\\c']]),
      created: 1_700_000_000_500,
      value: { bounds: [0.01, 1], cumulative: [3, 5], count: 6, sum: 2.5 },
    },
  ],
};
const FAMILIES = [
  LATENCY,
  ...counter('ca_messages', 'Messages.', 7, 1_700_000_000_000),
  ...gauge('ca_nodes', 'Nodes.', [
    [{ kind: 'a' }, 1],
    [{ kind: 'b' }, undefined],
  ]),
];
const textOf = (accept?: string): string => String(scrapeReply(accept, FAMILIES).bytes);

test('the text format has _total in the name of a counter, and cumulative buckets up to +Inf', () => {
  expect(textOf()).toBe(`# HELP ca_disk_physio_ops_latency_seconds Two\\nlines.
# TYPE ca_disk_physio_ops_latency_seconds histogram
ca_disk_physio_ops_latency_seconds_bucket{disk="a\\"b\\\\c",le="0.01"} 3
ca_disk_physio_ops_latency_seconds_bucket{disk="a\\"b\\\\c",le="1"} 5
ca_disk_physio_ops_latency_seconds_bucket{disk="a\\"b\\\\c",le="+Inf"} 6
ca_disk_physio_ops_latency_seconds_sum{disk="a\\"b\\\\c"} 2.5
ca_disk_physio_ops_latency_seconds_count{disk="a\\"b\\\\c"} 6
# HELP ca_messages_total Messages.
# TYPE ca_messages_total counter
ca_messages_total 7
# HELP ca_nodes Nodes.
# TYPE ca_nodes gauge
ca_nodes{kind="a"} 1
`);
});

test('OpenMetrics has units, created timestamps and an end', () => {
  const text = textOf('application/openmetrics-text;version=1.0.0');
  expect(text).toContain('# TYPE ca_messages counter\nca_messages_total 7\nca_messages_created 1700000000\n');
  expect(text).toContain('# UNIT ca_disk_physio_ops_latency_seconds seconds\n');
  expect(text).toContain('le="1.0"');
  expect(text).toContain('_created{disk="a\\"b\\\\c"} 1700000000.5\n');
  expect(text.endsWith('# EOF\n')).toBe(true);
});

test.each([
  [undefined, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/html,application/xhtml+xml', 'prometheus'],
  // Prometheus 2.42, without and with native histograms, and 3.5.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1',
    'protobuf',
  ],
  [
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'protobuf',
  ],
  ['application/openmetrics-text;version=2.0.0,text/plain;q=0.5', 'prometheus'],
  ['application/openmetrics-text;version=1.0.0;q=0', 'prometheus'],
])('Accept: %s is answered with %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

test('protobuf families are length-delimited, with the field numbers of client_model', () => {
  const bytes = scrapeReply(
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
    [...counter('a', 'h', 1)],
  ).bytes as Buffer;
  expect(bytes.toString('hex')).toBe(
    ['1b', '0a07615f746f74616c', '120168', '1800', '220b', '1a09', '09000000000000f03f'].join(''),
  );
});

test('buckets of a native histogram are spans with gaps, and deltas of counts', () => {
  expect(
    spansOf([
      [-5, 3],
      [-4, 1],
      [0, 2],
      [7, 2],
    ]),
  ).toEqual({
    spans: [
      { offset: -5, length: 2 },
      { offset: 3, length: 1 },
      { offset: 6, length: 1 },
    ],
    deltas: [3, -2, 1, 0],
  });
});

test('numbers of any size are encoded correctly', () => {
  const hex = (write: (out: ProtobufWriter) => ProtobufWriter): string =>
    write(new ProtobufWriter()).bytes().toString('hex');
  expect(hex((out) => out.uint(1, 300))).toBe('08ac02');
  expect(hex((out) => out.uint(1, 2 ** 53 - 1))).toBe('08ffffffffffffff0f');
  expect(hex((out) => out.sint(1, -2))).toBe('0803');
  expect(hex((out) => out.int(1, -1))).toBe('08ffffffffffffffffff01');
  expect(hex((out) => out.packedSints(2, [-1, 1]))).toBe('12020102');
  expect(hex((out) => out.text(3, 'x'.repeat(1000))).length).toBe(2 * (1 + 2 + 1000));
});
