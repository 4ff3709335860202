/*
 * How DTrace observes a metric: clauses, in D text from this repository (never from a user).
 * In: part of a description. Out: data that sources/dtrace/program.ts completes to a D program for one question.
 *
 * As in observation.ts, an event of one moment has one clause that counts; an event with a beginning and an end
 * is kept at the first and counted at the last. In D text {name} is what was kept under that name, and {kept} is
 * true when something was. Fields are gathered only where a question needs them.
 */
import type { FieldName } from './fields';
import type { Names } from './observation';

/** An expression of the D language. */
export type D = string;

/**
 * A numeric field is a number; a discrete one is text, or a number that prints in decimal or by its name.
 */
export type DField =
  D | { readonly integer: D; readonly names?: Names | { readonly x64: Names; readonly arm64: Names } };

/** 'thread': a thread has one event in flight at a time; a list: the key of an event in flight. */
export type Tag = 'thread' | readonly D[];

export interface Clause {
  /** 'provider:module:function:name'. A provider that ends with * is a program's own: one per process. */
  readonly probes: readonly string[];
  /** Only then is it kept or counted. */
  readonly when?: D;
  /** The beginning of an event. */
  readonly keep?: { readonly by: Tag; readonly values: Readonly<Record<string, D>> };
  readonly count?: {
    /** The end of an event; it is forgotten after these probes, counted or not. Absent: nothing was kept. */
    readonly by?: Tag;
    /** True when it ends the event that was kept, not another one nested in it. Absent: always. */
    readonly ends?: D;
    readonly fields: Readonly<Partial<Record<FieldName, DField>>>;
    /** How much one event counts. Absent: 1. */
    readonly amount?: D;
  };
  /** An event that ends without being counted. */
  readonly forget?: Tag;
}

export interface DtraceObservation {
  readonly illumos?: readonly Clause[];
  /** Oracle's port; it lacks some providers and has others. */
  readonly linux?: readonly Clause[];
}

type DFields = NonNullable<Clause['count']>['fields'];

/** An event with a beginning and an end of its own. */
export function span(s: {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly by: Tag;
  /** Where the probes at the end have the same in other arguments. */
  readonly byAtEnd?: Tag;
  readonly keep: Readonly<Record<string, D>>;
  readonly fields: DFields;
}): readonly Clause[] {
  return [
    { probes: s.from, keep: { by: s.by, values: s.keep } },
    { probes: s.to, count: { by: s.byAtEnd ?? s.by, fields: s.fields } },
  ];
}

/** Nanoseconds since the kept `start`. */
export const SINCE_START: D = 'timestamp - {start}';
/** Nanoseconds this thread has been on a CPU since the kept `cpustart`. illumos only. */
const CPU_SINCE_START: D = 'vtimestamp - {cpustart}';
/** What must be kept for these two, and the fields that use it. */
export const STARTS = { start: 'timestamp', cpustart: 'vtimestamp' } as const;
export const DURATIONS = { latency: SINCE_START, cputime: CPU_SINCE_START } as const;
/** Milliseconds into the second of the wall clock. */
export const SUBSECOND: D = '(walltimestamp % 1000000000) / 1000000';

/** Fields of the running process on illumos, as far as metrics of user programs have them. */
export const ILLUMOS_PROGRAM = {
  zonename: 'zonename',
  pid: { integer: 'pid' },
  execname: 'execname',
  psargs: 'curpsinfo->pr_psargs',
} as const satisfies Partial<Record<FieldName, DField>>;

/** The same with its parent. */
export const ILLUMOS_PROCESS = {
  ...ILLUMOS_PROGRAM,
  ppid: { integer: 'ppid' },
  pexecname: 'stringof(curthread->t_procp->p_parent->p_user.u_comm)',
  ppsargs: 'stringof(curthread->t_procp->p_parent->p_user.u_psargs)',
} as const satisfies Partial<Record<FieldName, DField>>;

/** Fields of the running process on Linux, where execname is the thread's. */
export const LINUX_PROCESS = {
  pid: { integer: 'pid' },
  execname: 'stringof(curthread->group_leader->comm)',
  threadname: 'execname',
  psargs: 'curpsinfo->pr_psargs',
  ppid: { integer: 'ppid' },
  pexecname: 'stringof(curthread->real_parent->group_leader->comm)',
} as const satisfies Partial<Record<FieldName, DField>>;

/** The first characters of a statement, marked where there is more. */
export function substring(statement: D, characters = 64): D {
  return `strlen(${statement}) > ${characters} ? strjoin(substr(${statement}, 0, ${characters}), "...") : ${statement}`;
}
