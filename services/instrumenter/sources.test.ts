import { LIMITS } from '../../common/limits';
import { SILENT, type Log } from '../../common/log';
import { HandClock, FakeSource } from './fakes';
import { Journal } from './journal';
import type { SourceName } from './source';
import { missingFrom, OPENERS, openSources, type Opener, type Openers } from './sources';

const surroundings = (log: Log = SILENT) => ({
  host: 'n1',
  clock: new HandClock(0),
  elapsed: () => 0,
  log,
  journal: new Journal(),
  seed: 1,
});

const works =
  (name: SourceName): Opener =>
  () =>
    new FakeSource(name, []);

function openers(more: [SourceName, Opener][] = []): Openers {
  return new Map<SourceName, Opener>([
    ['proc', works('proc')],
    ['bpf', works('bpf')],
    ['synthetic', works('synthetic')],
    ...more,
  ]);
}

test('CA_SOURCES decides which sources there are, and which is preferred', async () => {
  const opened = await openSources(['synthetic', 'proc', 'synthetic'], surroundings(), openers());
  expect(opened.map(({ name, source }) => [name, source?.name])).toEqual([
    ['synthetic', 'synthetic'],
    ['proc', 'proc'],
  ]);
});

test('invented data is there only when asked for by name', async () => {
  const opened = await openSources(undefined, surroundings(), openers());
  expect(opened.map(({ name }) => name)).toEqual(['proc', 'bpf']);
});

test('a source that cannot work here is said in a line, and the others work', async () => {
  const lines: string[] = [];
  const log: Log = { ...SILENT, warn: (_fields, text) => lines.push(text) };
  const opened = await openSources(
    ['bpf', 'nonsense', 'proc'],
    surroundings(log),
    openers([['bpf', () => Promise.reject(new Error('it needs root'))]]),
  );
  expect(opened.map(({ name, unavailable }) => [name, unavailable])).toEqual([
    ['bpf', 'it needs root'],
    ['nonsense', 'it is not known; there are proc, bpf, synthetic'],
    ['proc', undefined],
  ]);
  expect(lines.sort()).toEqual([
    'source bpf does not work here: it needs root',
    'source nonsense does not work here: it is not known; there are proc, bpf, synthetic',
  ]);
});

test('the cheaper sources come before the dearer ones that know the same metrics', () => {
  const order = [...OPENERS.keys()];
  for (const [cheap, dear] of [
    ['kstat', 'dtrace'],
    ['proc', 'bpf'],
    ['bpf', 'dtrace'],
    ['dtrace', 'synthetic'],
  ] as const) {
    expect(order.indexOf(cheap)).toBeGreaterThanOrEqual(0);
    expect(order.indexOf(cheap)).toBeLessThan(order.indexOf(dear));
  }
});

test('what a source lacks here is told for each metric, and no reason is longer than a message may carry', () => {
  const source = new FakeSource('bpf', [
    { metric: 'syscall.syscalls', fields: ['latency'] },
    { metric: 'disk.physio_ops', unavailable: 'the kernel has no tracepoint block_rq_issue' },
    { metric: 'cpu.irqs', unavailable: 'x'.repeat(100_000) },
  ]);
  const [disk, irqs, ...more] = missingFrom(source);
  expect(disk).toEqual({
    metric: 'disk.physio_ops',
    reason: 'the kernel has no tracepoint block_rq_issue',
  });
  expect(irqs?.reason).toHaveLength(LIMITS.reasonLength);
  expect(more).toEqual([]);
});
