import { FIELDS } from './language/fields';
import { metricName } from '../../../common/model/metric';
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
    'module',
    'question',
    'stat',
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
