/*
 * The fields that every event of a running process has. In: nothing, or a pointer to another task. Out: expressions
 * by field name, for use in descriptions.
 */
import {
  execname,
  hostname,
  kept,
  member,
  minus,
  modulo,
  now,
  over,
  processId,
  psargs,
  string,
  task,
  wall,
  type Expression,
} from './expression';
import { commandOf, zoneOf } from './observation';

const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000_000_000;
/** TASK_COMM_LEN of every kernel so far. */
const COMM_BYTES = 16;

/** Milliseconds into the second of the wall clock. */
export const subsecond = over(modulo(wall, NS_PER_SECOND), NS_PER_MS);

/** Fields of the process that is running. */
export const RUNNING = {
  hostname,
  zonename: zoneOf(task),
  execname,
  pid: processId,
  ppid: member(task, 'real_parent.tgid'),
  pexecname: string(member(task, 'real_parent.comm'), COMM_BYTES),
  psargs,
  ppsargs: commandOf(member(task, 'real_parent.tgid')),
  subsecond,
} as const;

/** The same fields of a process that need not be running, by a pointer to one of its tasks. */
export function fieldsOfTask(of: Expression) {
  return {
    hostname,
    zonename: zoneOf(of),
    execname: string(member(of, 'comm'), COMM_BYTES),
    pid: member(of, 'tgid'),
    ppid: member(of, 'real_parent.tgid'),
    pexecname: string(member(of, 'real_parent.comm'), COMM_BYTES),
    psargs: commandOf(member(of, 'tgid')),
    ppsargs: commandOf(member(of, 'real_parent.tgid')),
    subsecond,
  } as const;
}

/** Nanoseconds since a kept `start`. */
export const sinceStart = minus(now, kept('start'));
