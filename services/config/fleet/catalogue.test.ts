import { MergedCatalogue } from './catalogue';
import { METADATA, OFFERS } from '../testing/fake-fleet';
import { meaningOf, sourceFor } from '../../../common/wire/coverage';
import { toWire, type GatherItem, type WireCatalogue } from '../../../common/wire/message';
import { parsePredicate } from '../../../common/model/predicate/predicate';
import type { Described } from './catalogue';

const node = (host: string, change: Partial<WireCatalogue> = {}): Described => [
  host,
  { metadata: METADATA, offers: OFFERS, ...change },
];
const withMetrics = (metrics: WireCatalogue['metadata']['metrics']): WireCatalogue['metadata'] => ({
  ...METADATA,
  metrics,
});
const [SYSCALLS, CPUS] = METADATA.metrics;
const question = (decomposition: string[], filtered: string[] = []): GatherItem => {
  const fields = { hostname: 'string', execname: 'string', latency: 'time', size: 'size' } as const;
  const [filter] = filtered.map((field) => ({ eq: [field, 'x'] }));
  return {
    instrumentation: toWire({
      id: '1',
      module: 'syscall',
      stat: 'syscalls',
      meaning: meaningOf(SYSCALLS!),
      predicate: parsePredicate(filter ?? {}, () => 'string'),
      decomposition,
      fields,
      valueScope: 'interval',
      granularity: 1,
      retentionTime: 600,
      idleMax: 0,
      persistData: false,
      enabled: true,
      crtime: 0,
    }),
  };
};

test('fields are the union of what nodes offer, in the order of the first', () => {
  const other = [{ metric: 'syscall.syscalls', source: 'dtrace', fields: ['size', 'execname'] }];
  const merged = new MergedCatalogue([node('a'), node('b', { offers: other })]);
  expect(merged.metrics.get('syscall.syscalls')?.fields).toEqual([
    'hostname',
    'zonename',
    'execname',
    'latency',
    'size',
  ]);
  expect(merged.conflicts).toEqual([]);
});

test('a node can gather a question only when one of its sources has all the fields', () => {
  const [, whole] = node('a');
  expect(sourceFor(whole, question(['execname', 'latency']))).toBe('bpf');
  expect(sourceFor(whole, question(['size']))).toBeUndefined();
  const [, split] = node('b', {
    offers: [
      { metric: 'syscall.syscalls', source: 'x', fields: ['execname'] },
      { metric: 'syscall.syscalls', source: 'y', fields: ['latency'] },
    ],
  });
  expect(sourceFor(split, question(['execname', 'latency']))).toBeUndefined();
  expect(sourceFor(split, question(['latency']))).toBe('y');
});

test('a field that only some source breaks down by and none filters by is told from one that any filters by', () => {
  const looked = node('a', {
    offers: [
      { metric: 'syscall.syscalls', source: 'x', fields: ['execname', 'latency'], unfiltered: ['execname'] },
    ],
  });
  const merged = new MergedCatalogue([looked]);
  expect(merged.filters('syscall.syscalls', 'execname')).toBe(false);
  expect(merged.filters('syscall.syscalls', 'latency')).toBe(true);
  expect(sourceFor(looked[1], question(['execname']))).toBe('x');
  expect(sourceFor(looked[1], question([], ['execname']))).toBeUndefined();
  merged.add(node('b'));
  expect(merged.filters('syscall.syscalls', 'execname')).toBe(true);
});

test('a node that means something else by a metric, or by a field, is reported and does not gather it', () => {
  const strange = node('strange', { metadata: withMetrics([{ ...SYSCALLS!, unit: 'bananas' }, CPUS!]) });
  const merged = new MergedCatalogue([node('a'), strange]);
  expect(merged.conflicts).toEqual([
    { digest: 'strange', problems: ['metric syscall.syscalls has another unit or type there'] },
  ]);
  expect(sourceFor(strange[1], question([]))).toBeUndefined();
  expect(merged.metrics.get('syscall.syscalls')?.unit).toBe('syscalls');
  const fields = { ...METADATA.fields, latency: { label: 'latency', type: 'size' as const } };
  const [, sizes] = node('sizes', { metadata: { ...METADATA, fields } });
  expect(sourceFor(sizes, question(['latency']))).toBeUndefined();
  expect(sourceFor(sizes, question(['execname']))).toBe('bpf');
});

test('snapshot on one node and interval on another is a snapshot', () => {
  const point = node('b', { metadata: withMetrics([{ ...SYSCALLS!, interval: 'point' }]) });
  expect(new MergedCatalogue([node('a'), point]).metrics.get('syscall.syscalls')?.interval).toBe('point');
});

test('descriptions of metrics that no node has are not shown', () => {
  const merged = new MergedCatalogue([node('a', { offers: OFFERS.slice(2) })]);
  expect([...merged.metrics.keys()]).toEqual(['cpu.cpus']);
  expect([...merged.modules.keys()]).toEqual(['cpu']);
});

test('names such as __proto__ are names like any other', () => {
  const metadata = JSON.parse(
    '{"modules":{"__proto__":{"label":"x"}},"fields":{"constructor":{"label":"y","type":"string"}},"metrics":[]}',
  ) as WireCatalogue['metadata'];
  const metric = { ...SYSCALLS!, module: '__proto__', fields: ['constructor'] };
  const merged = new MergedCatalogue([
    node('a', {
      metadata: { ...metadata, metrics: [metric] },
      offers: [{ metric: '__proto__.syscalls', source: 'bpf', fields: ['constructor'] }],
    }),
  ]);
  expect([...merged.metrics.keys()]).toEqual(['__proto__.syscalls']);
  expect(merged.metrics.get('__proto__.syscalls')?.fields).toEqual(['constructor']);
});

test('a metric that no node has is listed with reasons and their numbers of nodes; one that any node has is not', () => {
  const missing = (reason: string) => ({ ...CPUS!, stat: 'usage', synonyms: ['container'], reason });
  const lacking = (host: string, reason: string): Described =>
    node(host, { metadata: { ...METADATA, unavailable: [missing(reason)] } });
  const merged = new MergedCatalogue([
    lacking('a', 'bpf: needs root'),
    lacking('b', 'bpf: needs root'),
    lacking('c', 'x'),
  ]);
  const found = merged.unavailable.get('cpu.usage');
  expect(found?.metric).toMatchObject({ module: 'cpu', stat: 'usage', synonyms: ['container'] });
  expect([...(found?.reasons ?? [])]).toEqual([
    ['bpf: needs root', 2],
    ['x', 1],
  ]);
  merged.add(
    node('d', {
      metadata: withMetrics([...METADATA.metrics, { ...CPUS!, stat: 'usage' }]),
      offers: [{ metric: 'cpu.usage', source: 'proc', fields: ['cpu'] }],
    }),
  );
  expect(merged.unavailable.size).toBe(0);
});

test('untrusted reasons do not fill the memory', () => {
  const merged = new MergedCatalogue([]);
  for (let i = 0; i < 1000; i++) {
    const unavailable = [{ ...CPUS!, stat: 'usage', reason: `reason ${i}` }];
    merged.add(node(`n${i}`, { metadata: { ...METADATA, unavailable } }));
  }
  expect(merged.unavailable.get('cpu.usage')?.reasons.size).toBe(10);
});
