/*
 * A program in the kernel. In: a compiled one and its code. Out: its descriptor, loaded as what it is made for; and its
 * run-time figures.
 */
import type { CompiledProgram } from '../compiler/compile';
import { attribute } from './abi';
import { addressOf, type Kernel } from './kernel';

/** A program by what it is made for; `code` is its own. Throws as load() does. */
export function loadFor(
  kernel: Kernel,
  { tracepoint, samples, site, hook }: Omit<CompiledProgram, 'instructions'>,
  code: Buffer,
): number {
  if (hook === undefined) {
    return kernel.load(
      tracepoint,
      code,
      site !== undefined ? 'user' : samples !== undefined ? 'sample' : 'rawTracepoint',
    );
  }
  const target = { id: hook.type.id, isReturn: hook.isReturn };
  return kernel.load(tracepoint, code, hook.hooking, hook.hooking === 'breakpoint' ? undefined : target);
}

interface ProgramInfo {
  /** Nanoseconds and runs, counted while statistics are on. */
  readonly nanoseconds: number;
  readonly runs: number;
  /** Runs that did not happen because the same program was running on that CPU already. */
  readonly misses: number;
}

/** Run-time figures of a program. */
export function infoOf(kernel: Kernel, program: number): ProgramInfo {
  // struct bpf_prog_info: run_time_ns at 192, run_cnt at 200, recursion_misses at 208 (5.12).
  const info = Buffer.alloc(232);
  const attributes = attribute([
    [4, program],
    [4, info.length],
    [8, addressOf(info)],
  ]);
  kernel.check('a program cannot be asked about', kernel.bpf('infoByDescriptor', attributes));
  return {
    nanoseconds: Number(info.readBigUInt64LE(192)),
    runs: Number(info.readBigUInt64LE(200)),
    misses: Number(info.readBigUInt64LE(208)),
  };
}
