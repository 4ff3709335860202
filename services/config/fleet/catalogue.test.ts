import { MergedCatalogue } from './catalogue';
import { METADATA, OFFERS } from '../testing/fake-fleet';
import type { Node } from './members';

const node = (host: string, change: Partial<Node> = {}): Node => ({
  key: `ca.instrumenter.${host}`,
  host,
  since: 0,
  metadata: METADATA,
  offers: OFFERS,
  ...change,
});
const withMetrics = (metrics: Node['metadata']['metrics']): Node['metadata'] => ({ ...METADATA, metrics });
const [SYSCALLS, CPUS] = METADATA.metrics;

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

test('a node covers a question only when one of its sources has all the fields', () => {
  const n = node('a');
  const merged = new MergedCatalogue([n]);
  expect(merged.covers(n, 'syscall.syscalls', ['execname', 'latency'])).toBe(true);
  expect(merged.covers(n, 'syscall.syscalls', ['size'])).toBe(false);
  const split = node('b', {
    offers: [
      { metric: 'syscall.syscalls', source: 'x', fields: ['execname'] },
      { metric: 'syscall.syscalls', source: 'y', fields: ['latency'] },
    ],
  });
  expect(new MergedCatalogue([split]).covers(split, 'syscall.syscalls', ['execname', 'latency'])).toBe(false);
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
  expect(merged.covers(looked, 'syscall.syscalls', ['execname'])).toBe(true);
  expect(merged.covers(looked, 'syscall.syscalls', ['execname'], ['execname'])).toBe(false);
  merged.add(node('b'));
  expect(merged.filters('syscall.syscalls', 'execname')).toBe(true);
});

test('a node that means something else by a metric is reported and not asked for it', () => {
  const strange = node('strange', { metadata: withMetrics([{ ...SYSCALLS!, unit: 'bananas' }, CPUS!]) });
  const merged = new MergedCatalogue([node('a'), strange]);
  expect(merged.conflicts).toEqual([
    { node: 'strange', problems: ['metric syscall.syscalls has another label, unit or type there'] },
  ]);
  expect(merged.covers(strange, 'syscall.syscalls', [])).toBe(false);
  expect(merged.covers(strange, 'cpu.cpus', ['cpu'])).toBe(true);
  expect(merged.metrics.get('syscall.syscalls')?.unit).toBe('syscalls');
});

test('snapshot on one node and interval on another is a snapshot', () => {
  const point = node('b', { metadata: withMetrics([{ ...SYSCALLS!, interval: 'point' }]) });
  expect(new MergedCatalogue([node('a'), point]).metrics.get('syscall.syscalls')?.interval).toBe('point');
});

test('words of metrics that nobody can do are not shown', () => {
  const merged = new MergedCatalogue([node('a', { offers: OFFERS.slice(2) })]);
  expect([...merged.metrics.keys()]).toEqual(['cpu.cpus']);
  expect([...merged.modules.keys()]).toEqual(['cpu']);
});

test('names such as __proto__ are names like any other', () => {
  const metadata = JSON.parse(
    '{"modules":{"__proto__":{"label":"x"}},"fields":{"constructor":{"label":"y","type":"string"}},"metrics":[]}',
  ) as Node['metadata'];
  const metric = { ...SYSCALLS!, module: '__proto__', fields: ['constructor'] };
  const n = node('a', {
    metadata: { ...metadata, metrics: [metric] },
    offers: [{ metric: '__proto__.syscalls', source: 'bpf', fields: ['constructor'] }],
  });
  const merged = new MergedCatalogue([n]);
  expect([...merged.metrics.keys()]).toEqual(['__proto__.syscalls']);
  expect(merged.covers(n, '__proto__.syscalls', ['constructor'])).toBe(true);
});

test('what no node has is told with the reasons, and how many nodes give each; what one node has is not missed', () => {
  const missing = (reason: string) => ({ ...CPUS!, stat: 'usage', synonyms: ['container'], reason });
  const lacking = (host: string, reason: string): Node =>
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

test('reasons of strangers do not fill the memory', () => {
  const merged = new MergedCatalogue([]);
  for (let i = 0; i < 1000; i++) {
    const unavailable = [{ ...CPUS!, stat: 'usage', reason: `reason ${i}` }];
    merged.add(node(`n${i}`, { metadata: { ...METADATA, unavailable } }));
  }
  expect(merged.unavailable.get('cpu.usage')?.reasons.size).toBe(10);
});
