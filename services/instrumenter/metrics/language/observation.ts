/*
 * How a metric is observed in a running kernel: where an event's values are kept, and where it is counted.
 * In: part of a description. Out: data that the bpf source compiles. The walk: probes → steps → fields.
 *
 * An event of one moment has one probe with a `count` step. An event with a beginning and an end has a `keep`
 * step at its beginning and a `count` step at its end, which finds what was kept again `by` the same identity.
 * Which events a metric has does not depend on the question: both steps are taken for every question.
 */
import { member, type Expression } from './expression';
import type { UserMoment } from '../user';

/**
 * A place of observation: a tracepoint with its raw arguments; the entry of a kernel function, with its arguments,
 * or its return, with its result (not every kernel allows it); or sampled at a fixed rate per CPU, with no
 * arguments; or every thread in turn, when a second is closed; or a place in user programs.
 */
export type Moment =
  | { readonly kind: 'tracepoint'; readonly name: string }
  | FunctionMoment
  | { readonly kind: 'sample'; readonly name: string; readonly hertz: number }
  | ThreadsMoment
  | UserMoment;

export interface FunctionMoment {
  readonly kind: 'function';
  readonly name: string;
  readonly function: string;
  readonly isReturn: boolean;
  /** Calls of it may wait for long: more may be under way than kprobes follow to their return. */
  readonly mayWait?: true;
}

/** Argument 1 is the thread's task_struct. The program runs on another thread: fields of the running thread do not apply. */
interface ThreadsMoment {
  readonly kind: 'threads';
  readonly name: string;
}

/**
 * The key of an event in flight:
 * thread - a thread has one at a time (its memory goes with the thread);
 * cpu - a CPU has one at a time (cheapest);
 * an expression - anything else (a request's address), forgotten when counted.
 */
export type Identity = 'thread' | 'cpu' | Expression;

export type Step =
  | {
      readonly kind: 'keep';
      readonly by: Identity;
      readonly when?: Expression;
      /** Only those that a question needs are gathered. */
      readonly values: Readonly<Record<string, Expression>>;
    }
  | {
      readonly kind: 'count';
      /** The end of the event kept under this key: without a beginning it does not count, whatever the question. Absent: an event of one moment. */
      readonly by?: Identity;
      readonly when?: Expression;
      /** Not an end: what was kept stays, and an event in flight counts each time this step is taken. */
      readonly goesOn?: true;
      /** Where this holds, an end without a beginning counts too, with these values instead of those kept. */
      readonly unkept?: { readonly when: Expression; readonly values: Readonly<Record<string, Expression>> };
      /** Evaluated after `when`, and may use what was kept. */
      readonly provided?: Expression;
      /** How much one event counts: bytes, pages. Absent: 1. */
      readonly amount?: Expression;
      readonly fields: Readonly<Record<string, FieldExpression | readonly FieldExpression[]>>;
    }
  /** Changes what an event in flight keeps; without one it does nothing. Done only if the question needs these values. */
  | {
      readonly kind: 'amend';
      readonly by: Expression;
      readonly values: Readonly<Record<string, Expression>>;
    }
  /** An event that ends without being counted. */
  | { readonly kind: 'forget'; readonly by: Identity; readonly when?: Expression };

/** An integer of a discrete field prints in decimal, or by a table of names. */
export interface Named {
  readonly kind: 'named';
  readonly value: Expression;
  readonly names: Names | { readonly x64: Names; readonly arm64: Names };
}

/** Numbers to text and back. Two numbers may share one text. */
export interface Names {
  nameOf(value: bigint): string;
  /** All numbers that print as this text; [] if there are none. */
  valuesOf(text: string): readonly bigint[];
  /** The texts of a table; a number that is not in it prints in decimal. Absent: any text may occur. */
  readonly table?: readonly string[];
  /** Looks up names for these numbers, asynchronously. Never rejects; a number not found in time has no name. */
  meet?(values: readonly bigint[]): Promise<Pick<Names, 'nameOf'>>;
}

/** Two words that form one value: an address of 16 bytes, a name of 15. */
interface Pair {
  readonly kind: 'pair';
  readonly first: Expression;
  readonly second: Expression;
  readonly names: PairNames;
}

/** Text for two words, little-endian as they lie in memory, and back. */
export interface PairNames {
  nameOf(first: bigint, second: bigint): string;
  valuesOf(text: string): readonly (readonly [first: bigint, second: bigint])[];
  /** As of Names. */
  meet?(values: readonly (readonly [first: bigint, second: bigint])[]): Promise<Pick<PairNames, 'nameOf'>>;
}

/** The container or service that a cgroup belongs to: counted by the cgroup's number, which the source maps to a name. */
export interface ZoneOf {
  readonly kind: 'zone';
  readonly cgroup: Expression;
}

/**
 * Arguments of a process that need not be running: counted by its number, and looked up when the second is read. So it
 * can be broken down by, not filtered by, and those of a process that is gone by then are not known.
 */
interface CommandOf {
  readonly kind: 'command';
  readonly process: Expression;
}

/** The function that an instruction belongs to, looked up as CommandOf is: in the kernel's symbols, or the process's files'. */
interface FunctionOf {
  readonly kind: 'function';
  readonly process: Expression;
  readonly instruction: Expression;
}

/**
 * Text that is rewritten when the second is read: several texts may become one. It can be broken down by, not filtered
 * by: the kernel has only the original text.
 */
interface Rewritten {
  readonly kind: 'rewritten';
  readonly of: Expression;
  /** Rewrites bytes given as latin1 text. */
  readonly rewrite: (bytes: string) => string;
}

export type FieldExpression = Expression | Named | Pair | ZoneOf | CommandOf | FunctionOf | Rewritten;

export interface Probe {
  readonly at: Moment;
  /** Absent: on each processor. */
  readonly on?: 'x64' | 'arm64';
  /** A kernel that lacks the function has no such events. */
  readonly optional?: true;
  /** Done in this order, independently: a step that does not apply does not affect the next. */
  readonly steps: readonly Step[];
}

export interface Observation {
  readonly probes: readonly Probe[];
  /** Counts the same, and costs other events less, on kernels that have all that it needs. */
  readonly rather?: Observation;
}

export function tracepoint(name: string): Moment {
  return { kind: 'tracepoint', name };
}

/** Where a function of the kernel begins. */
export function kernelEntry(of: string): FunctionMoment {
  return { kind: 'function', name: `entry of ${of}`, function: of, isReturn: false };
}

/** Where it returns; its arguments are gone by then. */
export function kernelReturn(of: string): FunctionMoment {
  return { kind: 'function', name: `return of ${of}`, function: of, isReturn: true };
}

export function named(value: Expression, names: Named['names']): Named {
  return { kind: 'named', value, names };
}

export function rewritten(of: Expression, rewrite: Rewritten['rewrite']): Rewritten {
  return { kind: 'rewritten', of, rewrite };
}

export function pair(first: Expression, second: Expression, names: PairNames): Pair {
  return { kind: 'pair', first, second, names };
}

/** The zone of a task. */
export function zoneOf(task: Expression): ZoneOf {
  // For the running task this is one helper call; for others it takes four reads.
  return zoneOfCgroup(task.kind === 'task' ? { kind: 'cgroup' } : member(task, 'cgroups.dfl_cgrp.kn.id'));
}

export function zoneOfCgroup(cgroup: Expression): ZoneOf {
  return { kind: 'zone', cgroup };
}

export function commandOf(process: Expression): CommandOf {
  return { kind: 'command', process };
}

/** Each thread of the machine when a second is closed. */
export const eachThread: Moment = { kind: 'threads', name: 'each thread' };

/** At a rate that is not round, samples do not fall into step with work that repeats at a round rate. */
export function sample(hertz: number): Moment {
  return { kind: 'sample', name: `sample ${hertz}`, hertz };
}
