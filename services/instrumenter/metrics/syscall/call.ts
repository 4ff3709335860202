/*
 * System calls, as the tracepoints sys_enter and sys_exit tell of them. In: names of calls. Out: which numbers these
 * have on each processor, what a call was given and gave back, and events that last as long as a call does.
 */
import {
  all,
  any,
  argument,
  below,
  byArch,
  choose,
  equal,
  member,
  minus,
  now,
  word,
  type Expression,
} from '../language/expression';
import { tableOfNames } from '../language/names';
import { tracepoint, type Named, type Probe, type Step } from '../language/observation';
import { sinceStart } from '../process';
import { SYSCALL_NAMES } from '../syscall-names';

const registers = argument(0, 'pt_regs');

/** At sys_exit; sys_enter hands it over. */
export const numberAtExit = byArch({
  x64: member(registers, 'orig_ax'),
  arm64: member(registers, 'syscallno'),
});
export const result = argument(1);

/** Results -4095..-1 are errors, also where a pointer is returned. */
export function errorOf(result: Expression): Expression {
  const negated = minus(0, result);
  return choose(below(minus(negated, 1), 4095), negated, 0);
}
export const error = errorOf(result);

/** The registers keep what a call was given, but for the first argument on arm64, which is remembered beside them. */
export const firstArgument = byArch({ x64: member(registers, 'di'), arm64: member(registers, 'orig_x0') });
export const fourthArgument = byArch({ x64: member(registers, 'r10'), arm64: word(registers, 'regs', 24) });

/** Names that a processor does not have are left out there. */
export function isOneOf(number: Expression, names: readonly string[]): Expression {
  const on = (architecture: 'x64' | 'arm64'): Expression =>
    any(
      ...names
        .flatMap((name) => SYSCALL_NAMES[architecture].valuesOf(name))
        .map((value) => equal(number, Number(value))),
    );
  return byArch({ x64: on('x64'), arm64: on('arm64') });
}

/** Numbers print as the kind of their call. */
export function kindsOf(callsByKind: Readonly<Record<string, readonly string[]>>): Named['names'] {
  const on = (architecture: 'x64' | 'arm64') =>
    tableOfNames(
      Object.entries(callsByKind).flatMap(([kind, names]) =>
        names
          .flatMap((name) => SYSCALL_NAMES[architecture].valuesOf(name))
          .map((value) => [kind, Number(value)] as const),
      ),
    );
  return { x64: on('x64'), arm64: on('arm64') };
}

/** Each of these calls is an event, from where it enters the kernel to where it returns; its `latency` is known. */
export function eachCallOf(
  names: readonly string[],
  counted: {
    /** All of these are true. */
    readonly when?: readonly Expression[];
    readonly fields: Extract<Step, { kind: 'count' }>['fields'];
  },
): readonly Probe[] {
  return [
    {
      at: tracepoint('sys_enter'),
      steps: [{ kind: 'keep', by: 'thread', when: isOneOf(argument(1), names), values: { start: now } }],
    },
    {
      at: tracepoint('sys_exit'),
      steps: [
        {
          kind: 'count',
          by: 'thread',
          when: all(isOneOf(numberAtExit, names), ...(counted.when ?? [])),
          fields: { ...counted.fields, latency: sinceStart },
        },
      ],
    },
  ];
}
