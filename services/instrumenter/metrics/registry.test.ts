import { FIELDS } from './language/fields';
import { metricName } from '../../../common/model/metric';
import { searchMetrics } from '../../../common/model/search';
import { MODULES } from './modules';
import { DECIMALS } from './language/names';
import { SYSCALL_NAMES } from './syscall/syscall-names';
import { ERRNO_NAMES } from './errnos';
import { describe as describeMetric, metadataOf, METRICS, publicMetric } from './registry';

test('every metric is listed once and found by its name', () => {
  const names = METRICS.map(metricName);
  expect(new Set(names).size).toBe(names.length);
  for (const m of METRICS) expect(describeMetric(metricName(m))).toBe(m);
  expect(describeMetric('no.such')).toBeUndefined();
});

test('every metric belongs to a module, has a unit or a type, and names each known field once', () => {
  for (const m of METRICS) {
    expect(Object.keys(MODULES)).toContain(m.module);
    expect((m.unit === undefined) !== (m.type === undefined)).toBe(true);
    expect(new Set(m.fields).size).toBe(m.fields.length);
    for (const field of m.fields) expect(Object.keys(FIELDS)).toContain(field);
  }
});

test('what the kernel is asked for are fields of the metric', () => {
  for (const m of METRICS) {
    for (const step of m.bpf?.probes.flatMap((p) => p.steps) ?? []) {
      if (step.kind !== 'count') continue;
      expect(m.fields).toEqual(expect.arrayContaining(Object.keys(step.fields)));
      expect(Object.keys(step.fields)).toContain('hostname');
    }
  }
});

test('what the other sources read are fields of the metric', () => {
  for (const m of METRICS) {
    for (const part of [
      m.proc ?? [],
      m.kstat ?? [],
      m.zfs === undefined ? [] : { fields: [m.zfs.field] },
    ].flat())
      expect(m.fields).toEqual(expect.arrayContaining([...part.fields]));
  }
});

test('metadata holds what its metrics refer to and no more, and nothing of how a metric is observed', () => {
  const metadata = metadataOf([publicMetric(describeMetric('syscall.syscalls')!, ['execname', 'latency'])]);
  expect(Object.keys(metadata.modules)).toEqual(['syscall']);
  expect(Object.keys(metadata.fields).sort()).toEqual(['execname', 'latency']);
  expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata);
  expect(Object.keys(metadata.metrics[0]!).sort()).toEqual([
    'fields',
    'interval',
    'label',
    'misses',
    'module',
    'question',
    'stat',
    'synonyms',
    'unit',
  ]);
});

test('names and numbers lead back to each other', () => {
  for (const names of [SYSCALL_NAMES.x64, SYSCALL_NAMES.arm64, ERRNO_NAMES, DECIMALS]) {
    for (const n of [0n, 1n, 39n, 134n, 999n, 2n ** 64n - 1n])
      expect(names.valuesOf(names.nameOf(n))).toContain(n);
  }
  const x32 = 0x4000_0000n;
  const compat = 1n << 32n;
  expect(SYSCALL_NAMES.x64.valuesOf('getppid')).toEqual([110n, x32 + 110n, compat + 64n]);
  expect(SYSCALL_NAMES.arm64.valuesOf('getppid')).toEqual([173n]);
});

test('a call that no table has prints as its number, with its sign, and is found by it', () => {
  const { x64 } = SYSCALL_NAMES;
  expect(x64.nameOf(2n ** 64n - 1n)).toBe('-1');
  expect(x64.nameOf((1n << 32n) + 999n)).toBe('32-bit 999');
  expect(x64.valuesOf('32-bit 999')).toEqual([(1n << 32n) + 999n]);
  expect(x64.valuesOf('32-bit 4')).toEqual([]);
  expect(x64.valuesOf('18446744073709551615')).toEqual([]);
});

test('a number that prints as a name, or that no integer prints as, is no name of a number', () => {
  expect(SYSCALL_NAMES.x64.valuesOf('0')).toEqual([]);
  for (const text of ['', '01', '-1', '1.5', ' 1', '18446744073709551616'])
    expect(DECIMALS.valuesOf(text)).toEqual([]);
});

const FOUND = ['nginx', 'redis', 'throttle', 'ebpf', 'numa', 'tls', 'p99', 'handshake', 'backlog'];

test('the words that people search for find a metric that answers them', () => {
  const found = (word: string): string[] =>
    searchMetrics(METRICS, word, { modules: MODULES, fields: FIELDS }).map(metricName);
  for (const [word, metric] of [
    ...(['fsync', 'fdatasync'] as const).map((w) => [w, 'fs.syncs'] as const),
    ...(['container', 'docker', 'k8s', 'kubernetes', 'cgroup', 'pod'] as const).map(
      (w) => [w, 'cpu.usage'] as const,
    ),
    ...(['http', 'route', '5xx', 'nodejs'] as const).map((w) => [w, 'node.httpd_ops'] as const),
    ...(['sql', 'slow query', 'postgresql', 'database'] as const).map(
      (w) => [w, 'postgres.queries'] as const,
    ),
    ...(['iowait', 'iops', 'disk latency', 'iotop'] as const).map((w) => [w, 'disk.physio_ops'] as const),
    ...[['futex', 'syscall.syscalls'] as const, ['strace', 'syscall.syscalls'] as const],
    ...[['swap', 'memory.swap'] as const, ['oom', 'memory.oom_kills'] as const],
    ...[['packet loss', 'tcp.retransmits'] as const, ['connection refused', 'tcp.connects'] as const],
    ...[['throughput', 'nic.bytes'] as const, ['bandwidth', 'disk.physio_bytes'] as const],
    ...[['run queue', 'cpu.runqueue_waits'] as const, ['dns', 'dns.lookups'] as const],
    ...[
      ['gc', 'java.gc_ops'] as const,
      ['disk full', 'fs.capacity'] as const,
      ['df', 'fs.capacity'] as const,
    ],
  ])
    expect([word, found(word)]).toEqual([word, expect.arrayContaining([metric])]);
  for (const word of [
    'slow',
    'node',
    'latency',
    'memory',
    'network',
    'cpu',
    'disk',
    'kill',
    'crash',
    'leak',
    ...FOUND,
  ])
    expect(found(word)).not.toEqual([]);
});

test('synonyms are short, and each stands once', () => {
  for (const { synonyms = [] } of METRICS) {
    expect(new Set(synonyms).size).toBe(synonyms.length);
    for (const word of synonyms) expect(word.length).toBeLessThan(30);
  }
});
