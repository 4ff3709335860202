/*
 * System calls at functions of their own: nothing is added to other calls, while the tracepoints sys_enter and sys_exit are
 * passed by all. In: names of few calls. Out: an observation for kernels that let programs run at their functions.
 *
 * A function begins after seccomp filters, and is the same for programs of 32 bits or has a twin for them.
 */
import { argument, bits, byArch, lift, member, now, result, unequal, word } from '../language/expression';
import { tableOfNames } from '../language/names';
import {
  kernelEntry,
  kernelReturn,
  named,
  type Observation,
  type Probe,
  type Step,
} from '../language/observation';
import { sinceStart } from '../process';
import { errorOf } from './call';
import { ERRNO_NAMES } from '../errnos';

interface CallFunctions {
  /** The third argument has one of these bits: other calls of this name are not counted. */
  readonly thirdHas?: Readonly<Record<string, number>>;
  readonly fields: Extract<Step, { kind: 'count' }>['fields'];
}

/** Calls without arguments have no function of their own around the one that does it on x86-64. */
const WITHOUT_ARGUMENTS: readonly string[] = ['sync'];

type Processor = 'x64' | 'arm64';

/** Functions that a call may be, the first of a program of 64 bits. */
function functionsOf(name: string, processor: Processor): readonly string[] {
  if (processor === 'arm64') return [`__arm64_sys_${name}`];
  if (WITHOUT_ARGUMENTS.includes(name)) return [`__do_sys_${name}`];
  // Those of 32 bits that pass 64 in two halves are called ia32_: then the one without has no callers.
  return [`__x64_sys_${name}`, `__ia32_sys_${name}`, `__ia32_sys_ia32_${name}`];
}

const registers = argument(0, 'pt_regs');
const third = byArch({ x64: member(registers, 'dx'), arm64: word(registers, 'regs', 16) });

/** Fields `syscall`, `errno` and `latency`, besides those given. */
export function atFunctionsOf(
  names: readonly string[],
  { thirdHas = {}, fields }: CallFunctions,
): Observation {
  const words = tableOfNames(names.map((name, i) => [name, i]));
  const probes = (['x64', 'arm64'] as const).flatMap((on) =>
    names.flatMap((name, i) =>
      functionsOf(name, on).flatMap((of, twin): Probe[] => {
        const where = { on, ...(twin === 0 ? {} : { optional: true as const }) };
        const wanted = thirdHas[name];
        return [
          {
            ...where,
            at: { ...kernelEntry(of), mayWait: true },
            steps: [
              {
                kind: 'keep',
                by: 'thread',
                ...(wanted === undefined ? {} : { when: unequal(bits(third, wanted), 0) }),
                values: { start: now },
              },
            ],
          },
          {
            ...where,
            at: { ...kernelReturn(of), mayWait: true },
            steps: [
              {
                kind: 'count',
                by: 'thread',
                fields: {
                  ...fields,
                  syscall: named(lift(i), words),
                  errno: named(errorOf(result), ERRNO_NAMES),
                  latency: sinceStart,
                },
              },
            ],
          },
        ];
      }),
    ),
  );
  return { probes };
}
