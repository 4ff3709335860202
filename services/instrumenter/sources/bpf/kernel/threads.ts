/*
 * All threads of the machine, one after another. In: a program for the kernel's task iterator (hook.ts). Out: a link
 * that runs it for each on request.
 */
import { closeSync, readSync } from 'node:fs';
import { iteratorLinkAttribute } from '../compiler/attributes';
import { attribute } from './abi';
import { KernelError, type Kernel } from './kernel';

/** The programs write nothing. */
const NOTHING = Buffer.alloc(64);

/** The descriptor: closing it ends it. Throws a KernelError. */
export function linkThreads(kernel: Kernel, program: number): number {
  return checked(
    kernel,
    'the kernel does not go through its threads',
    kernel.bpf('linkCreate', iteratorLinkAttribute(program)),
  );
}

/** Runs the program for each thread, now. Throws a KernelError. */
export function goThroughThreads(kernel: Kernel, link: number): void {
  const attributes = attribute([
    [4, link],
    [4, 0],
  ]);
  const iterator = checked(
    kernel,
    'threads cannot be gone through',
    kernel.bpf('iteratorCreate', attributes),
  );
  try {
    while (readSync(iterator, NOTHING) > 0);
  } finally {
    closeSync(iterator);
  }
}

function checked(kernel: Kernel, what: string, result: number): number {
  if (result < 0) throw new KernelError(what, kernel.errno());
  return result;
}
