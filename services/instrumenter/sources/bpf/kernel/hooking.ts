/*
 * How programs are attached to functions of the running kernel. In: the kernel. Out: the fastest way that works; or a
 * MissingError that says what the kernel lacks. Tried once, on a function that nothing calls.
 */
import { readFileSync } from 'node:fs';
import { MissingError, type KernelTypes } from './kernel-types';
import type { Hooking } from '../compiler/hook';
import { errorName, KernelError, type Kernel } from './kernel';

/** It exists for the kernel's own tests (net/bpf/test_run.c). */
const TRIED = 'bpf_fentry_test1';
/** r0 = 0; exit */
const TRIVIAL = Buffer.from('b7000000000000009500000000000000', 'hex');
const KPROBE_PATH = '/sys/bus/event_source/devices/kprobe/type';

/** The type of kprobes for perf_event_open(2); undefined if the kernel has none. */
export function kprobeType(path = KPROBE_PATH): number | undefined {
  try {
    const type = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(type) && type > 0 ? type : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Before Linux 5.12 (and 5.10.27) a trampoline is freed while calls that sleep are still in it, which then return to nowhere.
 * Since then this counts them.
 */
const HELD = 'bpf_tramp_image';

/** Does not throw if the kernel lacks something. */
export function findHooking(
  kernel: Kernel,
  types: Pick<KernelTypes, 'release' | 'functionOf' | 'sizeOf'>,
  kprobes: () => number | undefined = kprobeType,
): Hooking | MissingError {
  const obstacle = tryTrampoline(kernel, types);
  if (obstacle === undefined) return 'trampoline';
  if (kprobes() !== undefined) return 'breakpoint';
  return new MissingError(
    `Linux ${types.release} runs no programs at its functions: trampolines: ${obstacle} (fentry needs ` +
      'CONFIG_FUNCTION_TRACER, and that nothing forbids it); kprobes: none (CONFIG_KPROBE_EVENTS)',
  );
}

/** Why there is no way; undefined when there is one. */
function tryTrampoline(
  kernel: Kernel,
  types: Pick<KernelTypes, 'functionOf' | 'sizeOf'>,
): string | undefined {
  let program: number | undefined;
  try {
    types.sizeOf(HELD);
    kernel.raiseLockedMemory();
    program = kernel.load('try', TRIVIAL, 'trampoline', { id: types.functionOf(TRIED).id, isReturn: false });
    kernel.tryFunction(TRIED, program);
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return errorName(error.errno);
    if (error instanceof MissingError) return error.message;
    throw error;
  } finally {
    if (program !== undefined) kernel.close(program);
  }
}
