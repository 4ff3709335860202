import type { Instrumentation } from '../model/instrumentation';
import { parsePredicate } from '../model/predicate/predicate';
import { matches } from './promql/expression';
import { labelsOf, namingOf } from './naming';
import { parseQuery } from './promql/parse';
import { promqlText } from './promql/promql-text';

const I: Instrumentation = {
  id: '5',
  module: 'disk',
  stat: 'physio_ops',
  predicate: { kind: 'always' },
  decomposition: ['disk', 'latency'],
  fields: { disk: 'string', latency: 'time', size: 'size', utilization: 'percent', id: 'string' },
  valueScope: 'interval',
  granularity: 1,
  retentionTime: 600,
  idleMax: 0,
  persistData: false,
  enabled: true,
  crtime: 0,
};

test.each<[Partial<Instrumentation>, string]>([
  [{}, 'ca_disk_physio_ops_latency_seconds'],
  [{ decomposition: ['size'] }, 'ca_disk_physio_ops_size_bytes'],
  [{ decomposition: ['utilization'] }, 'ca_disk_physio_ops_utilization_ratio'],
  [{ decomposition: [] }, 'ca_disk_physio_ops'],
  [{ decomposition: [], module: 'memory', stat: 'rss', type: 'size' }, 'ca_memory_rss_bytes'],
  [{ decomposition: [], module: 'nic', stat: 'bytes', type: 'size' }, 'ca_nic_bytes'],
])('%j is called %s', (change, name) => {
  expect(namingOf({ ...I, ...change }).name).toBe(name);
});

test('labels are the id, the customer, the predicate, and the discrete field under an unused name', () => {
  const predicate = parsePredicate({ eq: ['disk', 'sda'] }, () => 'string');
  const naming = namingOf({ ...I, customer: 'acme', predicate, decomposition: ['id'] });
  expect([...labelsOf(naming, 'x')]).toEqual([
    ['__name__', 'ca_disk_physio_ops'],
    ['customer', 'acme'],
    ['id', '5'],
    ['predicate', 'disk == "sda"'],
    ['field_id', 'x'],
  ]);
});

test('the PromQL of a picture parses, and selects the keys of the picture', () => {
  expect(promqlText(I)).toBe('sum(ca_disk_physio_ops_latency_seconds{id="5"})');
  expect(promqlText({ ...I, decomposition: [] })).toBe('ca_disk_physio_ops{id="5"}');
  const hostile = ['a"b\\c', 'x.*|y', '(', '\n'];
  const query = parseQuery(promqlText(I, { keys: hostile, exclude: false }));
  const found = query.kind === 'leaf' ? query.leaf.matchers.find(({ label }) => label === 'disk') : undefined;
  expect(hostile.every((key) => found !== undefined && matches(found, key))).toBe(true);
  expect(found !== undefined && matches(found, 'y')).toBe(false);
});

test('a long predicate is truncated in its label', () => {
  const or = Array.from({ length: 100 }, (_, i) => ({ eq: ['disk', `disk-${i}😀`] }));
  const label =
    namingOf({ ...I, predicate: parsePredicate({ or }, () => 'string') }).labels.get('predicate') ?? '';
  expect([199, 200]).toContain(label.length);
  expect(label).toMatch(/[^\ud800-\udbff]…$/);
});
