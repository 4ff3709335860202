import { LIMITS } from '../../../common/service/limits';
import { SILENT, type Log } from '../../../common/service/log';
import { ask, FakeSource, HandClock } from '../testing/fakes';
import { Journal } from '../gather/journal';
import type { SourceName } from './source';
import {
  checkNames,
  candidates,
  missingFrom,
  OPENERS,
  openSources,
  uncovered,
  type Opener,
  type Openers,
} from './sources';

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

test('on Linux dtrace and kstat are there only when asked for by name: bpf tells the same for less', async () => {
  if (process.platform !== 'linux') return;
  const all = openers([
    ['dtrace', works('dtrace')],
    ['kstat', works('kstat')],
  ]);
  const named = async (names?: string[]): Promise<string[]> =>
    (await openSources(names, surroundings(), all)).map(({ name }) => name);
  expect(await named()).toEqual(['proc', 'bpf']);
  expect(await named(['dtrace', 'kstat'])).toEqual(['dtrace', 'kstat']);
});

describe('a question', () => {
  const METRIC = 'unix.proc_execs';
  const cheap = new FakeSource('proc', [{ metric: METRIC, fields: ['hostname'] }]);
  const dear = new FakeSource('bpf', [{ metric: METRIC, fields: ['hostname', 'execname', 'pid'] }]);
  const dearest = new FakeSource('dtrace', [{ metric: METRIC, fields: ['hostname', 'execname'] }]);
  const asked = (...all: Parameters<typeof ask>): string[] =>
    candidates([cheap, dear, dearest], ask(...all)).map(({ name }) => name);

  test('goes to the first source that knows all its fields, then to the others that do', () => {
    expect(asked(METRIC)).toEqual(['bpf', 'dtrace']);
    expect(asked(METRIC, ['execname'])).toEqual(['bpf', 'dtrace']);
    expect(asked(METRIC, ['pid'])).toEqual(['bpf']);
  });

  test('is answered by counters only where no source sees the events: two breakdowns must not mean two things', () => {
    const blind = new FakeSource('bpf', [{ metric: METRIC, unavailable: 'no tracepoint' }]);
    const names = (...sources: FakeSource[]): string[] =>
      candidates(sources, ask(METRIC, ['hostname'])).map(({ name }) => name);
    expect(names(cheap, dear)).toEqual(['bpf']);
    expect(names(cheap, blind)).toEqual(['proc']);
    expect(names(cheap)).toEqual(['proc']);
  });

  test('needs the fields of its filter as well', () => {
    expect(asked(METRIC, [], { predicate: { eq: ['execname', 'sh'] } })).toEqual(['bpf', 'dtrace']);
    expect(asked(METRIC, ['execname'], { predicate: { eq: ['pid', '1'] } })).toEqual(['bpf']);
  });

  test('goes past a source that can only break down by what is filtered by', () => {
    const only = new FakeSource('bpf', [{ metric: METRIC, fields: ['execname'], unfiltered: ['execname'] }]);
    const filtered = ask(METRIC, [], { predicate: { eq: ['execname', 'sh'] } });
    expect(candidates([only, dearest], filtered)).toEqual([dearest]);
    expect(candidates([only], ask(METRIC, ['execname']))).toEqual([only]);
    expect(uncovered([only], filtered)).toContain('bpf: cannot filter by execname');
  });

  test('that needs what cannot be known here is answered with the reason', () => {
    const blind = new FakeSource('bpf', [
      { metric: METRIC, fields: ['hostname'], lacking: { ppsargs: 'processes have other numbers here' } },
    ]);
    expect(uncovered([blind], ask(METRIC, ['ppsargs']))).toContain(
      'bpf: does not know ppsargs: processes have other numbers here',
    );
  });

  test('that nobody covers is answered with what each source lacks', () => {
    const question = ask(METRIC, ['ppid']);
    expect(candidates([cheap, dear], question)).toEqual([]);
    expect(uncovered([cheap, dear], question)).toBe(
      'no source of this node can do this (proc: does not know ppid; bpf: does not know ppid)',
    );
  });
});

test('a source that does not exist is refused, with the one that was probably meant', () => {
  expect(() => checkNames(['proc', 'bfp'])).toThrow(
    /CA_SOURCES.*"bfp" \(did you mean bpf\?\); sources are .*synthetic/,
  );
  expect(() => checkNames(['everything'])).toThrow(/"everything"; sources are self/);
  expect(() => checkNames(['bpf', 'proc', 'self'])).not.toThrow();
});
