import { LIMITS } from '../../../common/service/limits';
import { readCatalogue } from '../../../common/wire/message';
import { FakeSource } from '../testing/fakes';
import { catalogueOf } from './catalogue';
import { METRICS } from '../metrics/registry';
import type { Source } from '../sources/source';
import { openSynthetic } from '../sources/synthetic/source';

const open = (...sources: Source[]) => sources.map((source) => ({ name: source.name, source }));

test('a node offers the union of what its sources can, and tells them apart', () => {
  const body = catalogueOf(
    open(
      new FakeSource('proc', [
        { metric: 'disk.physio_ops', fields: ['hostname', 'optype'] },
        { metric: 'cpu.loadavg1', unavailable: 'cannot read /proc/loadavg' },
      ]),
      new FakeSource('bpf', [{ metric: 'disk.physio_ops', fields: ['hostname', 'latency'] }]),
    ),
  );
  expect(body.offers).toEqual([
    { metric: 'disk.physio_ops', source: 'proc', fields: ['hostname', 'optype'] },
    { metric: 'cpu.loadavg1', source: 'proc', unavailable: 'cannot read /proc/loadavg' },
    { metric: 'disk.physio_ops', source: 'bpf', fields: ['hostname', 'latency'] },
  ]);
  expect(body.metadata.metrics).toMatchObject([{ module: 'disk', stat: 'physio_ops' }]);
  expect(body.metadata.metrics[0]?.fields).toEqual(['hostname', 'optype', 'latency']);
  expect(Object.keys(body.metadata.fields).sort()).toEqual(['hostname', 'latency', 'optype']);
  expect(Object.keys(body.metadata.modules)).toEqual(['disk']);
});

test('what has no description has no words, and is not offered', () => {
  expect(catalogueOf(open(new FakeSource('proc', [{ metric: 'no.such', fields: [] }]))).offers).toEqual([]);
});

test('the whole catalogue passes for a message', () => {
  const source = openSynthetic({
    host: 'n',
    clock: { now: () => 0, everySecond: () => () => undefined },
    seed: 1,
  });
  const plain = JSON.parse(JSON.stringify(catalogueOf(open(source)))) as unknown;
  expect(readCatalogue(plain)).toEqual(catalogueOf(open(source)));
  expect(JSON.stringify(plain).length).toBeLessThan(LIMITS.messageBytes / 4);
});

test('what a node cannot observe has its words too, and the reason of each source that could', () => {
  const { unavailable = [] } = catalogueOf([
    ...open(
      new FakeSource('proc', [
        { metric: 'cpu.cpus', fields: ['hostname'] },
        { metric: 'cpu.loadavg1', unavailable: 'cannot read /proc/loadavg' },
      ]),
    ),
    { name: 'bpf', unavailable: 'BPF needs root; fix: sudo make run' },
  ]).metadata;
  const reasonOf = (module: string, stat: string): string | undefined =>
    unavailable.find((m) => m.module === module && m.stat === stat)?.reason;
  if (process.platform === 'linux') {
    expect(reasonOf('fs', 'syncs')).toBe('bpf: BPF needs root; fix: sudo make run');
    expect(reasonOf('cpu', 'loadavg1')).toBe('proc: cannot read /proc/loadavg');
    expect(reasonOf('mantaop', 'jobs_assigned')).toBe('only illumos tells this');
    expect(reasonOf('ca', 'instr_ticks')).toBe('CA_SOURCES of this node leaves self out');
  }
  expect(reasonOf('cpu', 'cpus')).toBeUndefined();
  expect(unavailable.find((m) => m.stat === 'syncs')?.synonyms).toContain('fsync');
});

test('every metric that a node does not offer has a reason that names a source or a system', () => {
  const { unavailable = [] } = catalogueOf(open(new FakeSource('self', []))).metadata;
  expect(unavailable.length).toBe(METRICS.length);
  for (const { reason } of unavailable) expect(reason).toMatch(/CA_SOURCES|only (illumos|Linux)|self: /);
});
