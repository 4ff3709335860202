/*
 * The fields that every event of a running process has. In: nothing, or a pointer to another task. Out: expressions
 * by field name, for use in descriptions.
 */
import {
  argument,
  choose,
  equal,
  hostname,
  kept,
  lift,
  member,
  minus,
  modulo,
  now,
  over,
  plus,
  processId,
  psargs,
  string,
  task,
  threadname,
  wall,
  type Expression,
} from './language/expression';
import { commandOf, tracepoint, zoneOf, type Probe, type Step } from './language/observation';

const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000_000_000;
/** TASK_COMM_LEN of every kernel so far. */
const COMM_BYTES = 16;

/** Milliseconds into the second of the wall clock. */
export const subsecond = over(modulo(wall, NS_PER_SECOND), NS_PER_MS);

/** The name of a task's process; threads may have other names. */
export const nameOfProcess = (of: Expression): Expression =>
  string(member(of, 'group_leader.comm'), COMM_BYTES);
/** A process's parent is the thread that created it. */
const parentOf = (of: Expression): Expression => member(of, 'real_parent');

/** Fields of the process that is running. */
export const RUNNING = {
  hostname,
  zonename: zoneOf(task),
  execname: nameOfProcess(task),
  threadname,
  pid: processId,
  ppid: member(task, 'real_parent.tgid'),
  pexecname: nameOfProcess(parentOf(task)),
  psargs,
  ppsargs: commandOf(member(task, 'real_parent.tgid')),
  subsecond,
} as const;

/** The same fields of any process, by a pointer to one of its tasks. */
export function fieldsOfTask(of: Expression) {
  return {
    hostname,
    zonename: zoneOf(of),
    execname: nameOfProcess(of),
    threadname: string(member(of, 'comm'), COMM_BYTES),
    pid: member(of, 'tgid'),
    ppid: member(of, 'real_parent.tgid'),
    pexecname: nameOfProcess(parentOf(of)),
    psargs: commandOf(member(of, 'tgid')),
    ppsargs: commandOf(member(of, 'real_parent.tgid')),
    subsecond,
  } as const;
}

/** Nanoseconds since a kept `start`. */
export const sinceStart = minus(now, kept('start'));

/** What `cputime` needs to be kept at an event's start. */
export const CPU_STARTS = { start: now, left: lift(0), away: lift(0) } as const;

/** Nanoseconds off the CPU so far. If the thread was not seen to leave its CPU (`left` is 0), nothing is added. */
const away = choose(equal(kept('left'), 0), kept('away'), plus(kept('away'), minus(now, kept('left'))));

/** A thread that leaves its CPU during an event uses no CPU time until it is back. */
export function leavingCpu(...by: readonly ((of: Expression) => Expression)[]): Probe {
  return {
    at: tracepoint('sched_switch'),
    steps: by.flatMap((identity): Step[] => [
      { kind: 'amend', by: identity(argument(1, 'task_struct')), values: { left: now } },
      { kind: 'amend', by: identity(argument(2, 'task_struct')), values: { away } },
    ]),
  };
}

/** Nanoseconds on a CPU since a kept `start`. */
export const cpuSinceStart = minus(sinceStart, kept('away'));
