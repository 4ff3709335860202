/*
 * A system call on the toy machine, for tests of compiled programs. In: an event, and the programs of a question. Out: maps
 * as the kernel would leave them, and the event's fields as displayed.
 */
import { gridOf, isNumeric as isNumericType } from '../../../../../common/model/field';
import { nameFromBytes } from '../../../../../common/model/name';
import type { Constant, Predicate } from '../../../../../common/model/predicate/predicate';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import type { Observation } from '../../../metrics/language/observation';
import { describe as describeMetric } from '../../../metrics/registry';
import type { Compiled } from '../compiler/compile';
import type { Question } from '../compiler/plan';
import { CONTROL } from '../compiler/maps';
import { BpfMachine, type World } from './machine';
import { AT, taskBytes, toyBtf } from './toy-kernel';

export const HOST = 'node-1';
const types = toyBtf();
const isNumeric = (field: string): boolean => isNumericType(FIELDS[field as FieldName].type);
export const observationOf = (name: `${string}.${string}`): Observation => describeMetric(name)!.bpf!;

export function ask(predicate: Predicate, breakdown: readonly string[]): Question {
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

/** `typedTask`: a kernel whose programs may read the running task without a call. */
export const machineOf = (cpus = 2, typedTask = false) => ({
  types,
  architecture: 'x64' as const,
  hostname: HOST,
  cpus,
  typedTask,
});

export interface Event {
  readonly comm: string;
  readonly parentComm: string;
  readonly pid: number;
  readonly ppid: number;
  readonly number: number;
  readonly result: bigint;
  readonly latency: number;
  /** What stands behind the end of the process's name. */
  readonly leftover?: string;
}

export const TASK = 0x9000_0000n;
/** The first thread of the process, which has the process's name. */
const LEADER = 0x9300_0000n;
export const PARENT = 0x9100_0000n;
export const REGISTERS = 0x9200_0000n;
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
    comm: 'thread',
    task: TASK,
    memory: new Map([
      [
        TASK,
        taskBytes({ comm: 'thread', pid: event.pid + 1, tgid: event.pid, parent: PARENT, leader: LEADER }),
      ],
      [LEADER, taskBytes({ ...event, tgid: event.pid, parent: PARENT, leader: LEADER })],
      [PARENT, taskBytes({ comm: event.parentComm, pid: event.ppid, tgid: event.ppid, leader: PARENT })],
      [REGISTERS, registers],
    ]),
  };
}

/** The event's fields as displayed, computed without the compiler. */
export function seen(event: Event, world: World): Record<string, Constant> {
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

export function start(compiled: Compiled, event: Event): { machine: BpfMachine; world: World } {
  const world = worldOf(event);
  const machine = new BpfMachine(compiled.maps, world);
  const control = machine.map('control').find(Buffer.alloc(4), 0)!.value;
  control.writeBigUInt64LE(WALL_OFFSET, CONTROL.wallOffset);
  return { machine, world };
}

/** Runs a system call from entry to exit. */
export function run(compiled: Compiled, event: Event, into = start(compiled, event)): BpfMachine {
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

export const SYSCALLS = observationOf('syscall.syscalls');

export function total(machine: BpfMachine, phase = 0): number {
  return machine
    .map(`counts${phase}`)
    .counts()
    .reduce((sum, { count }) => sum + count, 0);
}

export const EVENT: Event = {
  comm: 'mysqld',
  parentComm: 'init',
  pid: 42,
  ppid: 1,
  number: 110,
  result: 1n,
  latency: 12_345,
};

export const is = (field: string, constant: Constant): Predicate => ({
  kind: 'compare',
  op: 'eq',
  field,
  constant,
});
