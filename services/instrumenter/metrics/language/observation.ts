/*
 * How a metric is observed in a running kernel: at which moments something is remembered, and at which it is counted.
 * In: part of a description. Out: data that the bpf source compiles. The walk: probes → steps → fields.
 *
 * An event of one moment has one probe with a `count` step. An event with a beginning and an end has a `keep`
 * step at its beginning and a `count` step at its end, which finds what was kept again `by` the same identity.
 * Which events a metric has does not depend on what is asked of them: both steps are taken for every question.
 */
import { member, type Expression } from './expression';
import type { UserMoment } from '../user';

/**
 * Where the kernel is watched: a tracepoint with its raw arguments; where a function of its own begins, with arguments,
 * or returns, with its result (not every kernel lets itself be watched there); or so often a second on each CPU, without
 * any. Or each thread that there is, in a row, when a second is closed. Or a place in user programs.
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
}

/** Its argument 1 is the thread's task_struct. It is run on another thread: what is running then is not meant. */
interface ThreadsMoment {
  readonly kind: 'threads';
  readonly name: string;
}

/**
 * What tells one event in flight from another:
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
      /** The end of what was kept by this: without a beginning it does not count, whatever is asked for. Absent: an event of one moment. */
      readonly by?: Identity;
      readonly when?: Expression;
      /** It is no end: what was kept stays, and what is in flight counts each time this step is taken. */
      readonly goesOn?: true;
      /** An end without a beginning counts all the same where this holds, with these values instead of what was kept. */
      readonly unkept?: { readonly when: Expression; readonly values: Readonly<Record<string, Expression>> };
      /** Decides after `when`, and may use what was kept. */
      readonly provided?: Expression;
      /** How much one event counts: bytes, pages. Absent: 1. */
      readonly amount?: Expression;
      readonly fields: Readonly<Record<string, FieldExpression | readonly FieldExpression[]>>;
    }
  /** Changes what an event in flight keeps; nothing where none is. Done only where the question needs these values. */
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

/** Text for numbers and back. Two numbers may share one text. */
export interface Names {
  nameOf(value: bigint): string;
  /** All numbers that print as this text; [] when none does. */
  valuesOf(text: string): readonly bigint[];
  /** The texts of a table; a number that is not in it prints as such. Absent: any text may turn up. */
  readonly table?: readonly string[];
  /** What takes time to look up: names for these numbers. Never rejects; what is not found in time has none. */
  meet?(values: readonly bigint[]): Promise<Pick<Names, 'nameOf'>>;
}

/** Two words that together are one thing: an address of 16 bytes, a name of 15. */
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

/** The container or service that a cgroup belongs to: counted by its number, which the source knows by name. */
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
 * by: the kernel has the text alone.
 */
interface Rewritten {
  readonly kind: 'rewritten';
  readonly of: Expression;
  /** Bytes as latin1 text, and what they become. */
  readonly rewrite: (bytes: string) => string;
}

export type FieldExpression = Expression | Named | Pair | ZoneOf | CommandOf | FunctionOf | Rewritten;

export interface Probe {
  readonly at: Moment;
  /** Done in this order, each for itself: a step that does not apply leaves the next alone. */
  readonly steps: readonly Step[];
}

export interface Observation {
  readonly probes: readonly Probe[];
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
  // The kernel tells it of the running one in one call; else it is four readings away.
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

/** Samples do not fall into step with work that is done at a round rate when theirs is not. */
export function sample(hertz: number): Moment {
  return { kind: 'sample', name: `sample ${hertz}`, hertz };
}
