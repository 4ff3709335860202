/*
 * System calls, as the tracepoints sys_enter and sys_exit see them. In: names of calls. Out: which numbers these
 * have on each processor and in each of its tables, a call's arguments and result, and events that last as long
 * as a call does.
 *
 * Every call is an event from where it enters the kernel to where it returns. Its number is taken at the beginning: a
 * call may overwrite it (rt_sigreturn). One that a seccomp filter refuses never enters; it counts
 * with a latency of 0. A new process returns from a call that it never made: that is not an event.
 */
import {
  above,
  all,
  any,
  argument,
  below,
  bits,
  byArch,
  choose,
  either,
  equal,
  kept,
  lift,
  member,
  minus,
  not,
  now,
  plus,
  shiftLeft,
  shiftRight,
  task,
  unequal,
  word,
  type Expression,
} from '../language/expression';
import { tableOfNames } from '../language/names';
import { tracepoint, type Named, type Probe, type Step } from '../language/observation';
import { sinceStart } from '../process';
import { COMPAT, SYSCALL_NAMES, X32_BIT } from './syscall-names';

export const registers = argument(0, 'pt_regs');

/** Whether a thread is in a call of a 32-bit program: TS_COMPAT, TIF_32BIT. */
const compatOf = (of: Expression): Expression =>
  byArch({
    x64: either(unequal(bits(member(of, 'thread_info.status'), 0x2), 0), lift(0)),
    arm64: either(unequal(bits(member(of, 'thread_info.flags'), 1 << 22), 0), lift(0)),
  });
const isCompat = compatOf(task);
/** The number in the tables of SYSCALL_NAMES. */
export const numbered = (number: Expression, of: Expression = task): Expression =>
  choose(compatOf(of), plus(bits(number, 0xffff_ffff), COMPAT), number);
export const numberAtEntry = argument(1);
/** Overwritten by some calls. */
export const numberAtExit = byArch({
  x64: member(registers, 'orig_ax'),
  arm64: member(registers, 'syscallno'),
});

/** Of the call that returns. */
export const callNumber = kept('number');
const wasCompat = equal(shiftRight(callNumber, 32), 1);

export const result = argument(1);

/** Results -4095..-1 are errors, also where a pointer is returned. */
export function errorOf(result: Expression): Expression {
  const negated = minus(0, result);
  return choose(below(minus(negated, 1), 4095), negated, 0);
}
export const error = errorOf(result);

/** The registers keep a call's arguments, except the first on arm64, which is saved beside them. */
const given = (x64: string, compat: string, arm64: Expression): Expression =>
  byArch({ x64: choose(wasCompat, member(registers, compat), member(registers, x64)), arm64 });
export const firstArgument = given('di', 'bx', member(registers, 'orig_x0'));
export const secondArgument = given('si', 'cx', word(registers, 'regs', 8));
export const thirdArgument = given('dx', 'dx', word(registers, 'regs', 16));
export const fourthArgument = given('r10', 'si', word(registers, 'regs', 24));
/** The fourth argument as an offset in a file: 64 bits, which 32-bit programs pass in two halves. */
export const placeArgument = byArch({
  x64: choose(
    wasCompat,
    plus(shiftLeft(member(registers, 'di'), 32), bits(member(registers, 'si'), 0xffff_ffff)),
    member(registers, 'r10'),
  ),
  arm64: word(registers, 'regs', 24),
});
export const sixthArgument = given('r9', 'bp', word(registers, 'regs', 40));

type Architecture = 'x64' | 'arm64';

/** Numbers of these names on a processor, in its own tables and in that of 32-bit programs. */
function numbersOf(
  names: readonly string[],
  architecture: Architecture,
): { own: number[]; compat: number[] } {
  const all = [...new Set(names.flatMap((name) => SYSCALL_NAMES[architecture].valuesOf(name)).map(Number))];
  return { own: all.filter((n) => n < COMPAT), compat: all.filter((n) => n >= COMPAT) };
}

const WORD_BITS = 6;

/** One comparison for each 64 numbers, and one test of the call's bit. */
function among(number: Expression, numbers: readonly number[]): Expression {
  const words = new Map<number, bigint>();
  for (const n of numbers) {
    const word = Math.floor(n / 2 ** WORD_BITS);
    words.set(word, (words.get(word) ?? 0n) | (1n << BigInt(n % 2 ** WORD_BITS)));
  }
  const bit = bits(number, 2 ** WORD_BITS - 1);
  return any(
    ...[...words].map(([word, value]) =>
      all(
        equal(shiftRight(number, WORD_BITS), word),
        unequal(bits(shiftRight({ kind: 'integer', value }, bit), 1), 0),
      ),
    ),
  );
}

const onEach = (of: (architecture: Architecture) => Expression): Expression =>
  byArch({ x64: of('x64'), arm64: of('arm64') });

/** Takes a number of SYSCALL_NAMES. Names that a processor does not have are left out there. */
export function isOneOf(number: Expression, names: readonly string[]): Expression {
  return onEach((architecture) => {
    const { own, compat } = numbersOf(names, architecture);
    return among(number, [...own, ...compat]);
  });
}

/** Numbers as registers have them, of either table. */
function mayBe(number: Expression, { own, compat }: { own: number[]; compat: number[] }): Expression {
  const x32 = own.filter((n) => n >= X32_BIT);
  return any(
    among(number, [...own.filter((n) => n < X32_BIT), ...compat.map((n) => n - COMPAT)]),
    ...(x32.length === 0 ? [] : [all(above(number, X32_BIT - 1), among(number, x32))]),
  );
}

/**
 * The same for a number in a register. Every call of every program passes here: a number that is in neither table goes
 * on at once, and only for the others the table is determined.
 */
function isCallOf(number: Expression, names: readonly string[]): Expression {
  return onEach((architecture) => {
    const numbers = numbersOf(names, architecture);
    const lower = numbers.compat.map((n) => n - COMPAT);
    return all(
      mayBe(number, numbers),
      any(all(among(number, numbers.own), not(isCompat)), all(among(number, lower), isCompat)),
    );
  });
}

/** SECCOMP_MODE_FILTER */
const FILTERED = 2;
/** Errors of calls that block: a call in progress when the probe was enabled may return them. */
const WAITING = [4, 11, 110, 512, 513, 514, 516];

/** The same, of programs of 64 bits alone. */
export function isOwnCallOf(number: Expression, names: readonly string[]): Expression {
  return onEach((architecture) => {
    const own = numbersOf(names, architecture).own.filter((n) => n < X32_BIT);
    return all(among(number, own), not(isCompat));
  });
}

/** A call that returns without having been seen to begin: a seccomp filter refused it. */
const isRefused = all(
  either(equal(member(task, 'seccomp.mode'), FILTERED), lift(0)),
  unequal(error, 0),
  not(among(error, WAITING)),
);

/** Values that every call keeps. */
const begun = { start: now, number: numbered(numberAtEntry) };

/** The beginning of a call; `values` are kept besides its `start` and its `number`. */
export function callBegins(
  values: Readonly<Record<string, Expression>> = {},
  names?: readonly string[],
): Probe {
  return {
    at: tracepoint('sys_enter'),
    steps: [
      {
        kind: 'keep',
        by: 'thread',
        ...(names === undefined ? {} : { when: isCallOf(numberAtEntry, names) }),
        values: { ...values, ...begun },
      },
    ],
  };
}

interface Counted extends Pick<Extract<Step, { kind: 'count' }>, 'amount' | 'fields'> {
  /** All of these are true. */
  readonly when?: readonly Expression[];
  /** Calls that a seccomp filter refuses are none. */
  readonly onlyMade?: true;
}

/** The end of a call. */
export function callEnds(
  counted: Counted,
  values: Readonly<Record<string, Expression>> = {},
  names?: readonly string[],
): Probe {
  const atExit = numbered(numberAtExit);
  return {
    at: tracepoint('sys_exit'),
    steps: [
      {
        kind: 'count',
        by: 'thread',
        when: all(
          ...(names === undefined ? [] : [onEach((on) => mayBe(numberAtExit, numbersOf(names, on)))]),
        ),
        ...(counted.onlyMade === true
          ? {}
          : {
              unkept: {
                when: all(isRefused, ...(names === undefined ? [] : [isCallOf(numberAtExit, names)])),
                values: { ...values, start: now, number: atExit },
              },
            }),
        ...(counted.when === undefined ? {} : { provided: all(...counted.when) }),
        ...(counted.amount === undefined ? {} : { amount: counted.amount }),
        fields: counted.fields,
      },
    ],
  };
}

/** Each number prints as the kind of its call. */
export function kindsOf(callsByKind: Readonly<Record<string, readonly string[]>>): Named['names'] {
  const on = (architecture: Architecture) =>
    tableOfNames(
      Object.entries(callsByKind).flatMap(([kind, names]) =>
        names
          .flatMap((name) => SYSCALL_NAMES[architecture].valuesOf(name))
          .map((value) => [kind, Number(value)] as const),
      ),
    );
  return { x64: on('x64'), arm64: on('arm64') };
}

/** Each of these calls is an event. */
export function callsOf(names: readonly string[], counted: Counted): readonly Probe[] {
  return [callBegins({}, names), callEnds(counted, {}, names)];
}

/** The same, and its `latency` is known. */
export function eachCallOf(names: readonly string[], counted: Counted): readonly Probe[] {
  return callsOf(names, { ...counted, fields: { ...counted.fields, latency: sinceStart } });
}
