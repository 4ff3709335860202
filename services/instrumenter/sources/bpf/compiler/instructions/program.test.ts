/* The programs of a question, run on one event after another: what is kept, what is counted, where, and what is lost. */
import { nameFromBytes } from '../../../../../../common/model/name';
import type { Predicate } from '../../../../../../common/model/predicate/predicate';
import { compile, type Compiled } from '../compile';
import { HELPERS, OP } from './assembler';
import { bucketOfKey } from '../key';
import { CONTROL, LOST, phaseWord } from '../maps';
import { AT, taskBytes } from '../../testing/toy-kernel';
import {
  ask,
  EVENT,
  is,
  machineOf,
  observationOf,
  PARENT,
  REGISTERS,
  run,
  start,
  SYSCALLS,
  TASK,
  total,
} from '../../testing/system-call';

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

test('a name ends where its zero is, whatever stands behind it, read by a call or without', () => {
  for (const comm of ['', 'a', 'perl', 'sevenis', 'eight is', 'nine is 9', 'fifteen letters', 'ä\u00ffx']) {
    for (const typedTask of [false, true]) {
      const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['execname']), machineOf(2, typedTask));
      const machine = run(compiled, { ...EVENT, comm, leftover: 'leftover\x01leftover' });
      const keys = machine.map('counts0').counts();
      expect(keys.map(({ key }) => compiled.key.textOf!(key))).toEqual([nameFromBytes(Buffer.from(comm))]);
      const end = Buffer.from(comm).length;
      expect(keys[0]?.key.subarray(end, 16)).toEqual(Buffer.alloc(16 - end));
    }
  }
});

test('reading the running task without calls takes none', () => {
  const [calls, none] = [false, true].map((typedTask) => {
    const { programs } = compile(SYSCALLS, ask({ kind: 'always' }, ['execname']), machineOf(2, typedTask));
    const exit = programs.find((p) => p.tracepoint === 'sys_exit');
    return (exit?.instructions ?? []).filter(
      ({ op, number }) =>
        op === OP.call && [HELPERS.readKernel, HELPERS.readKernelText].includes(number as 113),
    ).length;
  });
  expect([calls, none]).toEqual([2, 0]);
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

test('from the end of a phase on events go to the other by their own time, before anybody turns it', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['execname']), machineOf());
  for (const phase of [0, 1]) {
    const into = start(compiled, EVENT);
    const control = into.machine.map('control').find(Buffer.alloc(4), 0)!.value;
    control.writeBigUInt64LE(
      phaseWord(phase, into.world.now + 2n * BigInt(EVENT.latency) - 5n),
      CONTROL.phase,
    );
    for (let i = 0; i < 4; i++) run(compiled, EVENT, into);
    const totals = [total(into.machine, 0), total(into.machine, 1)];
    expect(phase === 0 ? totals : totals.reverse()).toEqual([1, 3]);
  }
});

test('an event that finds its map full, or no room for its beginning, is counted as lost in its phase', () => {
  const compiled = compile(SYSCALLS, ask({ kind: 'always' }, ['execname', 'latency']), machineOf());
  const small = (name: string): Compiled => ({
    ...compiled,
    maps: compiled.maps.map((m) => (m.name === name ? { ...m, entries: 1 } : m)),
  });
  for (const [name, at] of [
    ['counts0', LOST.keys(0)],
    ['kept', LOST.inFlight(0)],
  ] as const) {
    const tight = small(name);
    const into = start(tight, EVENT);
    run(tight, EVENT, into);
    into.world.task = PARENT;
    run(tight, { ...EVENT, latency: 99_000_000 }, into);
    expect(total(into.machine)).toBe(1);
    const lost = into.machine.map('lost').find(Buffer.alloc(4), 0)!.value;
    for (let other = 0; other < LOST.bytes; other += 8) {
      expect([name, other, lost.readBigUInt64LE(other)]).toEqual([name, other, other === at ? 1n : 0n]);
    }
  }
});

test('an event that there was no room for is lost to a question only if its filter might have let it pass', () => {
  const lostTo = (predicate: Predicate): bigint => {
    const compiled = compile(SYSCALLS, ask(predicate, ['execname', 'latency']), machineOf());
    const tight = {
      ...compiled,
      maps: compiled.maps.map((m) => (m.name === 'kept' ? { ...m, entries: 1 } : m)),
    };
    const into = start(tight, EVENT);
    run(tight, EVENT, into);
    into.world.task = PARENT;
    run(tight, { ...EVENT, latency: 99_000_000 }, into);
    const lost = into.machine.map('lost').find(Buffer.alloc(4), 0)!.value;
    let sum = 0n;
    for (let at = 0; at < LOST.bytes; at += 8) sum += lost.readBigUInt64LE(at);
    return sum;
  };
  const slow: Predicate = { kind: 'compare', op: 'ge', field: 'latency', constant: 1_000_000 };
  const and = (...members: Predicate[]): Predicate => ({ kind: 'and', members });
  const or = (...members: Predicate[]): Predicate => ({ kind: 'or', members });
  expect(lostTo(is('execname', 'nobody'))).toBe(0n);
  expect(lostTo(is('syscall', 'fsync'))).toBe(0n);
  expect(lostTo(and(slow, is('execname', 'nobody')))).toBe(0n);
  expect(lostTo(slow)).toBe(1n);
  expect(lostTo(or(slow, is('execname', 'nobody')))).toBe(1n);
  expect(lostTo({ kind: 'compare', op: 'ne', field: 'execname', constant: 'nobody' })).toBe(1n);
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
        members: [is('optype', 'write'), { kind: 'compare', op: 'ge', field: 'offset', constant: 4096 }],
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
