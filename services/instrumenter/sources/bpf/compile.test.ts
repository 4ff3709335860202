import fc from 'fast-check';
import { gridOf, isNumeric as isNumericType } from '../../../../common/field';
import { nameFromBytes } from '../../../../common/name';
import { evaluate, printPredicate, type Constant, type Predicate } from '../../../../common/predicate';
import { FIELDS, type FieldName } from '../../metrics/fields';
import type { Observation } from '../../metrics/observation';
import { describe as describeMetric } from '../../metrics/registry';
import { compile, listPrograms, type Compiled } from './compile';
import { bucketOfKey } from './key';
import type { Question } from './plan';
import { CONTROL } from './program';
import { BpfMachine, type World } from './testing/machine';
import { AT, taskBytes, toyBtf } from './testing/toy_kernel';

const HOST = 'node-1';
const types = toyBtf();
const RUNS = { seed: 20111108, numRuns: 1500 };
const isNumeric = (field: string): boolean => isNumericType(FIELDS[field as FieldName].type);
const observationOf = (name: `${string}.${string}`): Observation => describeMetric(name)!.bpf!;

function ask(predicate: Predicate, breakdown: readonly string[]): Question {
  const discrete = breakdown.find((field) => !isNumeric(field));
  const numeric = breakdown.find(isNumeric);
  return {
    predicate,
    isNumeric,
    ...(discrete === undefined ? {} : { discrete }),
    ...(numeric === undefined
      ? {}
      : { numeric: { field: numeric, grid: gridOf(FIELDS[numeric as FieldName].type) } }),
  };
}

const machineOf = (cpus = 2) => ({ types, architecture: 'x64' as const, hostname: HOST, cpus });

interface Event {
  readonly comm: string;
  readonly parentComm: string;
  readonly pid: number;
  readonly ppid: number;
  readonly number: number;
  readonly result: bigint;
  readonly latency: number;
}

const TASK = 0x9000_0000n;
const PARENT = 0x9100_0000n;
const REGISTERS = 0x9200_0000n;
const NS_PER_SECOND = 1_000_000_000n;
const WALL_OFFSET = 1_700_000_000_250_000_000n;

function worldOf(event: Event): World {
  const registers = Buffer.alloc(AT.registers.bytes);
  registers.writeBigUInt64LE(BigInt(event.number), AT.registers.number);
  return {
    now: 5_000_000_000n,
    cpu: 1,
    process: event.pid,
    thread: event.pid + 1,
    comm: event.comm,
    task: TASK,
    memory: new Map([
      [TASK, taskBytes({ comm: event.comm, pid: event.pid + 1, tgid: event.pid, parent: PARENT })],
      [PARENT, taskBytes({ comm: event.parentComm, pid: event.ppid, tgid: event.ppid })],
      [REGISTERS, registers],
    ]),
  };
}

/** The event's fields as people see them, written down without the compiler. */
function seen(event: Event, world: World): Record<string, Constant> {
  const negated = BigInt.asUintN(64, -event.result);
  const errno = negated >= 1n && negated <= 4095n ? Number(negated) : 0;
  const names: Record<number, string> = { 0: 'none', 1: 'EPERM', 2: 'ENOENT', 11: 'EAGAIN' };
  const syscalls: Record<number, string> = { 0: 'read', 1: 'write', 110: 'getppid' };
  return {
    hostname: HOST,
    execname: nameFromBytes(Buffer.from(event.comm).subarray(0, 15)),
    pexecname: nameFromBytes(Buffer.from(event.parentComm).subarray(0, 15)),
    pid: String(event.pid),
    ppid: String(event.ppid),
    syscall: syscalls[event.number] ?? String(event.number),
    errno: names[errno] ?? String(errno),
    latency: event.latency,
    subsecond: Number(((world.now + WALL_OFFSET) % NS_PER_SECOND) / 1_000_000n),
  };
}

function start(compiled: Compiled, event: Event): { machine: BpfMachine; world: World } {
  const world = worldOf(event);
  const machine = new BpfMachine(compiled.maps, world);
  const control = machine.map('control').find(Buffer.alloc(4), 0)!.value;
  control.writeBigUInt64LE(WALL_OFFSET, CONTROL.wallOffset);
  return { machine, world };
}

/** Runs a system call from entry to exit. */
function run(compiled: Compiled, event: Event, into = start(compiled, event)): BpfMachine {
  const { machine, world } = into;
  const args = [REGISTERS, event.result];
  for (const { tracepoint, instructions } of compiled.programs) {
    if (tracepoint === 'sys_enter') machine.run(instructions, [REGISTERS, BigInt(event.number)]);
    if (tracepoint !== 'sys_exit') continue;
    world.now += BigInt(event.latency);
    machine.run(instructions, args);
  }
  return machine;
}

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

const anyComparison = fc.oneof(
  fc.record({
    op: fc.constantFrom('eq' as const, 'ne' as const),
    field: fc.constantFrom('execname', 'pexecname'),
    constant: fc.oneof(
      fc.constantFrom(...NAMES, '\\x41', '\\x01x', 'far longer than any name'),
      fc.string({ maxLength: 20 }),
    ),
  }),
  fc.record({
    op: fc.constantFrom('eq' as const, 'ne' as const),
    field: fc.constantFrom('pid', 'ppid', 'syscall', 'errno', 'hostname'),
    constant: fc.constantFrom(
      '1',
      '42',
      '042',
      '-1',
      '0',
      'read',
      'getppid',
      '110',
      '999',
      'none',
      'ENOENT',
      '4095',
      HOST,
      '4294967338',
    ),
  }),
  fc.record({
    op: fc.constantFrom(
      'eq' as const,
      'ne' as const,
      'lt' as const,
      'le' as const,
      'gt' as const,
      'ge' as const,
    ),
    field: fc.constantFrom('latency', 'subsecond'),
    constant: fc.oneof(
      fc.constantFrom(...NUMBERS, -10, -1, -0.5, 0.5, 10.5, 250, 250.5, 2 ** 53 - 1, -(2 ** 53 - 1)),
      fc.double({ min: -10, max: 1e9, noNaN: true }),
    ),
  }),
);

const { predicate: anyPredicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    anyComparison.map((c): Predicate => ({ kind: 'compare', ...c })),
    fc
      .record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        members: fc.array(tie('predicate'), { minLength: 1, maxLength: 4 }),
      })
      .map((p): Predicate => p),
  ),
}));

const SYSCALLS = observationOf('syscall.syscalls');

function total(machine: BpfMachine, phase = 0): number {
  return machine
    .map(`counts${phase}`)
    .counts()
    .reduce((sum, { count }) => sum + count, 0);
}

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
      (d, n, p, event, cpus) => {
        const breakdown = [...(d === null ? [] : [d]), ...(n === null ? [] : [n])];
        const compiled = compile(SYSCALLS, ask(p, breakdown), machineOf(cpus));
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

const EVENT: Event = {
  comm: 'mysqld',
  parentComm: 'init',
  pid: 42,
  ppid: 1,
  number: 110,
  result: 1n,
  latency: 12_345,
};
const eq = (field: string, constant: Constant): Predicate => ({ kind: 'compare', op: 'eq', field, constant });

test('a question that cannot match anything is still counted: nothing', () => {
  const compiled = compile(SYSCALLS, ask(eq('hostname', 'elsewhere'), ['execname']), machineOf());
  expect(total(run(compiled, EVENT))).toBe(0);
});

test('a predicate on the host’s own name leaves no instruction behind', () => {
  const size = (p: Predicate): number =>
    compile(SYSCALLS, ask(p, ['execname']), machineOf()).programs.reduce(
      (n, x) => n + x.instructions.length,
      0,
    );
  expect(size(eq('hostname', HOST))).toBe(size({ kind: 'always' }));
});

test('what no field of the question needs is neither gathered nor kept', () => {
  const names = (breakdown: string[]): string[] =>
    compile(SYSCALLS, ask({ kind: 'always' }, breakdown), machineOf()).programs.map((p) => p.tracepoint);
  expect(names(['execname'])).toEqual(['sys_exit']);
  expect(names(['latency'])).toEqual(['sys_enter', 'sys_exit', 'sched_process_exit']);
});

test('an end without a beginning is not counted, and a beginning is used once', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['latency']), machineOf());
  const into = start(compiled, EVENT);
  const exit = compiled.programs.find((p) => p.tracepoint === 'sys_exit')!;
  into.machine.run(exit.instructions, [REGISTERS, 0n]);
  expect(total(into.machine)).toBe(0);
  run(compiled, EVENT, into);
  into.machine.run(exit.instructions, [REGISTERS, 0n]);
  expect(total(into.machine)).toBe(1);
});

test('a thread that ends takes with it what it kept', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['latency']), machineOf());
  const { machine } = start(compiled, EVENT);
  const programs = new Map(compiled.programs.map((p) => [p.tracepoint, p.instructions]));
  machine.run(programs.get('sys_enter')!, [REGISTERS, 1n]);
  expect(machine.map('kept').keys()).toHaveLength(1);
  machine.run(programs.get('sched_process_exit')!, [TASK, 1n]);
  expect(machine.map('kept').keys()).toHaveLength(0);
});

test('events go to the map of the phase', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['execname']), machineOf());
  const into = start(compiled, EVENT);
  run(compiled, EVENT, into);
  into.machine.map('control').find(Buffer.alloc(4), 0)!.value.writeBigUInt64LE(1n, CONTROL.phase);
  run(compiled, EVENT, into);
  run(compiled, EVENT, into);
  expect([total(into.machine, 0), total(into.machine, 1)]).toEqual([1, 2]);
});

test('an event that finds its map full, or no room for its beginning, is counted as lost in its phase', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['execname', 'latency']), machineOf());
  const small = (name: string): Compiled => ({
    ...compiled,
    maps: compiled.maps.map((m) => (m.name === name ? { ...m, entries: 1 } : m)),
  });
  for (const name of ['counts0', 'kept']) {
    const tight = small(name);
    const into = start(tight, EVENT);
    run(tight, EVENT, into);
    into.world.task = PARENT;
    run(tight, { ...EVENT, latency: 99_000_000 }, into);
    expect(total(into.machine)).toBe(1);
    const lost = into.machine.map('lost').find(Buffer.alloc(4), 0)!.value;
    expect(lost.readBigUInt64LE(0)).toBe(1n);
    expect(lost.readBigUInt64LE(8)).toBe(0n);
  }
});

test('a switch ends one thread’s execution and begins the next one’s, and idling is neither', () => {
  const observation = observationOf('cpu.thread_executions');
  const compiled = compile(observation, ask({ kind: 'always' }, ['leavereason', 'runtime']), machineOf());
  expect(compiled.programs).toHaveLength(1);
  const program = compiled.programs[0]!.instructions;
  const { machine, world } = start(compiled, EVENT);
  const idle = 0x9300_0000n;
  world.memory.set(idle, taskBytes({ comm: 'swapper/1', pid: 0, tgid: 0 }));
  const at = (ns: bigint, preempt: bigint, prev: bigint, next: bigint, state: bigint): void => {
    world.now = ns;
    machine.run(program, [preempt, prev, next, state]);
  };
  at(1000n, 0n, TASK, PARENT, 1n); // no beginning seen
  at(1250n, 1n, PARENT, idle, 2n); // pushed off, whatever its state says
  at(9000n, 0n, idle, TASK, 0n);
  at(9099n, 0n, TASK, PARENT, 2n);
  const found = machine
    .map('counts0')
    .counts()
    .map(({ key, count }) => [compiled.key.textOf!(key), bucketOfKey(compiled.key, key), count]);
  expect(found).toEqual([
    ['runnable', 115, 1],
    ['waiting', 99, 1],
  ]);
});

test('a disk’s request is found again by its address, with the size it had when it was issued', () => {
  const observation = observationOf('disk.physio_ops');
  const compiled = compile(
    observation,
    ask(
      {
        kind: 'and',
        members: [eq('optype', 'write'), { kind: 'compare', op: 'ge', field: 'offset', constant: 4096 }],
      },
      ['disk', 'size'],
    ),
    machineOf(),
  );
  const { machine, world } = start(compiled, EVENT);
  const [request, queue, disk] = [0x9400_0000n, 0x9500_0000n, 0x9600_0000n] as const;
  const bytes = Buffer.alloc(AT.request.bytes);
  bytes.writeBigUInt64LE(queue, 0);
  bytes.writeUInt32LE(0x0800_0001, AT.request.flags);
  bytes.writeUInt32LE(65_536, AT.request.dataLength);
  bytes.writeBigUInt64LE(8n, AT.request.sector);
  const queueBytes = Buffer.alloc(AT.queue.bytes);
  queueBytes.writeBigUInt64LE(disk, AT.queue.disk);
  const diskBytes = Buffer.alloc(AT.disk.bytes);
  diskBytes.write('vda', AT.disk.name);
  world.memory.set(request, bytes).set(queue, queueBytes).set(disk, diskBytes);
  const programs = new Map(compiled.programs.map((p) => [p.tracepoint, p.instructions]));
  machine.run(programs.get('block_rq_issue')!, [request]);
  bytes.writeUInt32LE(0, AT.request.dataLength);
  machine.run(programs.get('block_rq_complete')!, [request, 0n, 65_536n]);
  machine.run(programs.get('block_rq_complete')!, [request, 0n, 65_536n]);
  const found = machine
    .map('counts0')
    .counts()
    .map(({ key, count }) => [compiled.key.textOf!(key), bucketOfKey(compiled.key, key), count]);
  expect(found).toEqual([['vda', compiled.key.grid!.bucketOf(65_536), 1]]);
  expect(machine.map('kept').keys()).toEqual([]);
});

test('a question with too many parts is refused by the limit on instructions', () => {
  const members = Array.from({ length: 256 }, (_, i) => eq('execname', `process-${i}`.padEnd(15, '-')));
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
    compile(SYSCALLS, ask(eq('pexecname', 'init'), ['syscall', 'latency']), machineOf()),
  );
  expect(text).toContain('sys_exit:');
  expect(text).toContain('argument(0)->orig_ax');
  expect(text).toContain('task()->real_parent->comm == "init"');
  expect(text).toContain('bucket of (now() - kept.start)');
});
