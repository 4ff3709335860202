/*
 * Where a function of the kernel begins or returns: how programs come to run there, and where arguments are then.
 * In: a moment of a description, the kernel's types. Out: a hook, nodes for its arguments; a MissingError for what
 * the kernel lacks.
 */
import type { FunctionMoment } from '../../../metrics/language/observation';
import {
  MissingError,
  type Argument,
  type KernelFunction,
  type KernelTypes,
  type Leaf,
} from '../kernel/kernel-types';
import type { Node } from './node';
import type { Architecture } from './architecture';
import { extended } from './site';
import { CALL } from '../user/usdt';

/**
 * trampoline - the function calls the program (fentry, fexit: Linux 5.5 on x86-64, 6.0 on arm64), which finds its
 * arguments in a row, and what it returns behind them;
 * breakpoint - a kprobe: the program finds the processor's registers. Slower, and of calls at the same time the kernel
 *   follows only twice as many to their return as it has CPUs (10 at least); the others are not counted.
 */
export type Hooking = 'trampoline' | 'breakpoint';

export interface Hook {
  /** threads: an iterator of the kernel's (Linux 5.8), which calls the program with each thread when it is read. */
  readonly hooking: Hooking | 'threads';
  readonly function: string;
  readonly isReturn: boolean;
  readonly type: KernelFunction;
}

/** Throws a MissingError: `hooking` is the reason why there is none where it is an error. */
export function hookOf(
  moment: FunctionMoment,
  types: KernelTypes,
  hooking: Hooking | MissingError | undefined,
): Hook {
  if (hooking === undefined) throw new MissingError('programs at functions of the kernel are not looked for');
  if (hooking instanceof MissingError) throw hooking;
  const { function: name, isReturn, mayWait } = moment;
  if (mayWait === true && hooking === 'breakpoint') {
    throw new MissingError(`${name}: kprobes do not follow all calls that wait`);
  }
  return { hooking, function: name, isReturn, type: types.functionOf(name) };
}

/** Throws a MissingError. */
export function threadsHook(types: KernelTypes): Hook {
  const name = 'bpf_iter_task';
  return { hooking: 'threads', function: name, isReturn: false, type: types.functionOf(name) };
}

/** The argument at this place; `found` is its type. ResendBuffer narrow: its upper bits are whatever was there before. */
export function hookArgument(hook: Hook, index: number, found: Argument, on: Architecture): Node {
  if (hook.isReturn) throw new TypeError(`${hook.function}: arguments are gone when a function returns`);
  inWords(hook, hook.type.arguments.slice(0, index + 1));
  const { hooking } = hook;
  const word = hooking === 'breakpoint' ? CALL[on].arguments[index] : index;
  if (word === undefined) throw new MissingError(`${hook.function}: argument ${index} is not in a register`);
  return wordAt(hooking, word, found.leaf, `argument(${index})`);
}

/** What it returns, its sign extended where it has one. */
export function hookResult(hook: Hook, on: Architecture): Node {
  const { type, hooking } = hook;
  if (!hook.isReturn) throw new TypeError(`${hook.function}: a function has no result before it returns`);
  if (type.result.kind === 'other') throw new MissingError(`${hook.function} returns no number`);
  inWords(hook, hooking === 'trampoline' ? type.arguments : []);
  const word = hooking === 'trampoline' ? type.arguments.length : CALL[on].result;
  return wordAt(hooking, word, type.result, 'result');
}

/** A struct that is handed over as such may take two places, or none. */
function inWords(hook: Hook, all: readonly Argument[]): void {
  if (all.some(({ leaf }) => leaf.kind === 'other')) {
    throw new MissingError(`${hook.function}: arguments that are structs themselves are not understood`);
  }
}

/**
 * The kernel's verifier knows what type each place of a trampoline's row has, and would have us treat it so. As we check
 * types ourselves, we read the row as any other memory.
 */
function wordAt(hooking: Hook['hooking'], word: number, leaf: Leaf, name: string): Node {
  const { bytes, signed } = leaf.kind === 'integer' ? leaf : { bytes: 8 as const, signed: false };
  if (hooking === 'breakpoint') return extended({ kind: 'argument', index: word }, bytes, signed);
  return { kind: 'read', from: { kind: 'context' }, offset: 8 * word, bytes, signed, name };
}
