/*
 * What the compiler asks about a kernel's types. Here only what questions and answers are; btf.ts answers for the kernel
 * that runs.
 */

/** This kernel lacks something. The message names it, and the kernel's release. */
export class MissingError extends Error {}

export type Leaf =
  | { readonly kind: 'integer'; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly kind: 'pointer'; readonly to: string }
  /** A char array of this many bytes. */
  | { readonly kind: 'chars'; readonly bytes: number }
  /** A struct that is part of the one around it, or anything else that has no value of its own. */
  | { readonly kind: 'other' };

/** A place within a struct, and the members that lead to it (`live.counter`). */
export interface Place {
  readonly offset: number;
  readonly name: string;
}

/** From a pointer: read a pointer at each of `through` in turn, then find the leaf. */
export interface Walk extends Place {
  readonly through: readonly Place[];
  readonly leaf: Leaf;
}

export interface Argument {
  readonly leaf: Leaf;
  /** Name of the typedef it was declared with, if any. */
  readonly typedef: string;
}

/** A function of the kernel, as far as its types are known. */
export interface KernelFunction {
  /** Its number among the types. */
  readonly id: number;
  readonly arguments: readonly Argument[];
  readonly result: Leaf;
}

/** What the compiler needs to know about a kernel. */
export interface KernelTypes {
  /** As `uname -r` prints it. */
  readonly release: string;
  /** The way from a pointer to the named struct. Throws a MissingError that names struct and member. */
  walk(struct: string, path: string): Walk;
  /** Arguments of a tracepoint. Throws a MissingError when there is no such tracepoint. */
  argumentsOf(tracepoint: string): readonly Argument[];
  /** Throws a MissingError when there is no such function, or all calls of it are inlined. */
  functionOf(name: string): KernelFunction;
  /** Bytes. */
  sizeOf(struct: string): number;
}
