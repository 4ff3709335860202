/* What a question is compiled to: it counts the events that the predicate lets through, under the right key. */
import fc from 'fast-check';
import { evaluate, printPredicate, type Predicate } from '../../../../../common/model/predicate/predicate';
import {
  numberComparisons,
  predicatesOf,
  textComparisons,
} from '../../../../../common/model/testing/random-predicate';
import type { Observation } from '../../../metrics/language/observation';
import { compile, listPrograms, type Compiled } from './compile';
import { bucketOfKey } from './key';
import {
  ask,
  EVENT,
  HOST,
  is,
  machineOf,
  observationOf,
  run,
  seen,
  start,
  SYSCALLS,
  total,
  type Event,
} from '../testing/system-call';

const RUNS = { seed: 20111108, numRuns: 1500 };

const NAMES = [
  'mysqld',
  'node',
  '',
  'exactly-15-byte',
  'a',
  '__proto__',
  'größe',
  '\u0001x',
  'mysqlx',
  'seven77',
  'eight888',
];
const NUMBERS = [0, 1, 9, 10, 11, 99, 100, 12_345, 999_999_999, 10 ** 12];
const anyEvent: fc.Arbitrary<Event> = fc.record({
  comm: fc.constantFrom(...NAMES),
  parentComm: fc.constantFrom(...NAMES),
  pid: fc.constantFrom(1, 42, 4_194_303),
  ppid: fc.constantFrom(0, 1, 42),
  number: fc.constantFrom(0, 1, 110, 999),
  result: fc.constantFrom(0n, 5n, -1n, -2n, -11n, -4095n, -4096n, 0x7fff_ffff_ffff_ffffn),
  // Also of a clock that went back.
  latency: fc.oneof(
    fc.constantFrom(...NUMBERS),
    fc.nat({ max: 1_000_000_000 }),
    fc.constantFrom(-1, -10, -12_345, -1_000_000_000),
  ),
});

const anyPredicate = predicatesOf(
  fc.oneof(
    textComparisons(
      ['execname', 'pexecname'],
      fc.oneof(
        fc.constantFrom(...NAMES, '\\x41', '\\x01x', 'far longer than any name'),
        fc.string({ maxLength: 20 }),
      ),
    ),
    textComparisons(
      ['pid', 'ppid', 'syscall', 'errno', 'hostname'],
      fc.constantFrom(
        ...['1', '42', '042', '-1', '0', 'read', 'getppid', '110', '999', 'none', 'ENOENT', '4095'],
        ...[HOST, '4294967338'],
      ),
    ),
    numberComparisons(
      ['latency', 'subsecond'],
      fc.oneof(
        fc.constantFrom(...NUMBERS, -10, -1, -0.5, 0.5, 10.5, 250, 250.5, 2 ** 53 - 1, -(2 ** 53 - 1)),
        fc.double({ min: -10, max: 1e9, noNaN: true }),
      ),
    ),
  ),
  { maxDepth: 4, minMembers: 1, maxMembers: 4 },
);

test('a compiled predicate counts the events that evaluate() lets through, and no others', () => {
  fc.assert(
    fc.property(anyPredicate, anyEvent, (predicate, event) => {
      const compiled = compile(SYSCALLS, ask(predicate, []), machineOf());
      const { machine, world } = start(compiled, event);
      run(compiled, event, { machine, world });
      const fields = seen(event, world);
      expect([printPredicate(predicate), total(machine)]).toEqual([
        printPredicate(predicate),
        evaluate(predicate, (field) => fields[field]) ? 1 : 0,
      ]);
    }),
    RUNS,
  );
});

test('the key of an event is its field and its bucket, whatever the predicate computed before', () => {
  const discrete = fc.option(
    fc.constantFrom('execname', 'pexecname', 'pid', 'ppid', 'syscall', 'errno', 'hostname'),
  );
  const numeric = fc.option(fc.constantFrom('latency', 'subsecond'));
  fc.assert(
    fc.property(
      discrete,
      numeric,
      anyPredicate,
      anyEvent,
      fc.constantFrom(2, 64, 200),
      fc.boolean(),
      (d, n, p, event, cpus, typedTask) => {
        const breakdown = [...(d === null ? [] : [d]), ...(n === null ? [] : [n])];
        const compiled = compile(SYSCALLS, ask(p, breakdown), machineOf(cpus, typedTask));
        const { machine, world } = start(compiled, event);
        run(compiled, event, { machine, world });
        const fields = seen(event, world);
        if (!evaluate(p, (field) => fields[field])) return;
        const [entry, ...others] = machine.map('counts0').counts();
        expect(others).toEqual([]);
        expect(entry?.count).toBe(1);
        const { key } = compiled;
        if (d !== null) expect(key.textOf?.(entry!.key)).toBe(fields[d]);
        if (n !== null) {
          expect(bucketOfKey(key, entry!.key)).toBe(key.grid!.bucketOf(fields[n] as number));
        }
      },
    ),
    RUNS,
  );
});

test('a question that cannot match anything is still counted: nothing', () => {
  const compiled = compile(SYSCALLS, ask(is('hostname', 'elsewhere'), ['execname']), machineOf());
  expect(total(run(compiled, EVENT))).toBe(0);
});

test('a predicate on the host’s own name leaves no instruction behind', () => {
  const size = (p: Predicate): number =>
    compile(SYSCALLS, ask(p, ['execname']), machineOf()).programs.reduce(
      (n, x) => n + x.instructions.length,
      0,
    );
  expect(size(is('hostname', HOST))).toBe(size({ kind: 'always' }));
});

test('what no field of the question needs is neither gathered nor kept; that an event began is always kept', () => {
  const compiled = (breakdown: string[]): Compiled =>
    compile(SYSCALLS, ask({ kind: 'always' }, breakdown), machineOf());
  const names = (breakdown: string[]): string[] => compiled(breakdown).programs.map((p) => p.tracepoint);
  expect(names(['execname'])).toEqual(['sys_enter', 'sys_exit', 'sched_process_exit']);
  expect(names(['latency'])).toEqual(['sys_enter', 'sys_exit', 'sched_process_exit']);
  expect(names(['cputime'])).toContain('sched_switch');
  expect(listPrograms(compiled(['execname']))).not.toContain('kept.start');
});

test('a question with too many parts is refused by the limit on instructions', () => {
  const members = Array.from({ length: 256 }, (_, i) => is('execname', `process-${i}`.padEnd(15, '-')));
  const compiled = (): Compiled => compile(SYSCALLS, ask({ kind: 'or', members }, []), machineOf());
  expect(compiled().programs[0]!.instructions.length).toBeLessThan(4096);
  const both: Predicate = {
    kind: 'or',
    members: Array.from({ length: 20 }, (): Predicate => ({ kind: 'or', members })),
  };
  expect(() => compile(SYSCALLS, ask(both, []), machineOf())).toThrow('instructions');
});

test('what the kernel lacks is said by name, and only what is asked for is looked for', () => {
  const exits = observationOf('unix.proc_exits');
  expect(() => compile(exits, ask({ kind: 'always' }, ['syscall']), machineOf())).toThrow('no field syscall');
  const without: Observation = {
    probes: [{ at: { kind: 'tracepoint', name: 'not_there' }, steps: [{ kind: 'count', fields: {} }] }],
  };
  expect(() => compile(without, ask({ kind: 'always' }, []), machineOf())).toThrow(
    'Linux 6.0.0-toy has no tracepoint not_there',
  );
});

test('the listing names the source of what is computed', () => {
  const text = listPrograms(
    compile(SYSCALLS, ask(is('pexecname', 'init'), ['syscall', 'latency']), machineOf()),
  );
  expect(text).toContain('sys_exit:');
  expect(text).toContain('argument(0)->orig_ax');
  expect(text).toContain('task()->real_parent->group_leader->comm == "init"');
  expect(text).toContain('bucket of (now() - kept.start)');
});
