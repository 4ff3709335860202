/*
 * Attributes of commands of bpf(2). In: numbers, and addresses of what they point to. Out: bytes, laid out after
 * union bpf_attr of include/uapi/linux/bpf.h.
 */
import {
  ATTACH_TYPES,
  attribute,
  objectName,
  PROGRAM_TYPES,
  USER_RETURN,
  type ProgramType,
} from '../kernel/abi';

/** The function that a program of type trampoline or threads is made for, by its number among the kernel's types. */
export interface FunctionTarget {
  readonly id: number;
  readonly isReturn: boolean;
}

/** Addresses of what a program to be loaded is made of. */
interface ToLoad {
  readonly name: string;
  readonly type: ProgramType;
  readonly code: bigint;
  readonly instructions: number;
  readonly licence: bigint;
  /** Room for the verifier's words. */
  readonly log?: { readonly address: bigint; readonly bytes: number };
  readonly target?: FunctionTarget;
}

export function loadAttribute({ name, type, code, instructions, licence, log, target }: ToLoad): Buffer {
  const { functionEntry, functionReturn, iterator, userLink } = ATTACH_TYPES;
  const start = attribute([
    [4, PROGRAM_TYPES[type]],
    [4, instructions],
    [8, code],
    [8, licence],
    [4, log === undefined ? 0 : 1],
    [4, log?.bytes ?? 0],
    [8, log?.address ?? 0],
    [4, 0],
    [4, 0],
  ]);
  const attachType = (attachAs: number): Buffer =>
    attribute([
      [4, 0],
      [4, attachAs], // expected_attach_type
    ]);
  if (type === 'userLink') return Buffer.concat([start, objectName(name), attachType(userLink)]);
  if (target === undefined) return Buffer.concat([start, objectName(name)]);
  const end = attribute([
    [4, 0], // no types of the program's own: prog_btf_fd, func_info…, line_info…
    [4, 0],
    [8, 0],
    [4, 0],
    [4, 0],
    [8, 0],
    [4, 0],
    [4, target.id], // attach_btf_id
  ]);
  const attachAs = type === 'threads' ? iterator : target.isReturn ? functionReturn : functionEntry;
  return Buffer.concat([start, objectName(name), attachType(attachAs), end]);
}

/** A program linked to the iterator that it is made for. */
export function iteratorLinkAttribute(program: number): Buffer {
  return attribute([
    [4, program],
    [4, 0],
    [4, ATTACH_TYPES.iterator],
    [4, 0],
    [8, 0], // over all
    [4, 0],
    [4, 0],
  ]);
}

/** A program attached to the tracepoint of this name; without, to the function that it is made for. */
export function attachAttribute(name: bigint | undefined, program: number): Buffer {
  return attribute([
    [8, name ?? 0],
    [4, program],
    [4, 0],
  ]);
}

/** A program linked to one place of a file; `path`, `place` and `semaphore` (0: none) are addresses of what they name. */
export function userLinkAttribute(
  program: number,
  { path, place, semaphore }: { readonly path: bigint; readonly place: bigint; readonly semaphore: bigint },
  isReturn: boolean,
): Buffer {
  return attribute([
    [4, program],
    [4, 0],
    [4, ATTACH_TYPES.userLink],
    [4, 0],
    [8, path],
    [8, place],
    [8, semaphore],
    [8, 0],
    [4, 1],
    [4, isReturn ? USER_RETURN : 0],
    [4, 0],
    [4, 0],
  ]);
}

/** `inner`: of a map of maps, one that is like all of them. */
export function mapAttribute(
  name: string,
  [type, keyBytes, valueBytes, entries]: readonly [
    type: number,
    keyBytes: number,
    valueBytes: number,
    entries: number,
  ],
  inner: number,
): Buffer {
  const numbers = attribute([
    [4, type],
    [4, keyBytes],
    [4, valueBytes],
    [4, entries],
    [4, 0],
    [4, inner],
    [4, 0],
  ]);
  return Buffer.concat([numbers, objectName(name)]);
}

/** One entry of a map; also the way from a key to the next one. */
export function elementAttribute(map: number, key: bigint | undefined, value: bigint | undefined): Buffer {
  return attribute([
    [8, map],
    [8, key ?? 0],
    [8, value ?? 0],
    [8, 0],
  ]);
}

/** Where the kernel says how many entries it moved. */
export const BATCH_COUNT_AT = 32;

export function batchAttribute(
  map: number,
  count: number,
  of: {
    readonly from: bigint | undefined;
    readonly next: bigint;
    readonly keys: bigint;
    readonly values: bigint;
  },
): Buffer {
  return attribute([
    [8, of.from ?? 0],
    [8, of.next],
    [8, of.keys],
    [8, of.values],
    [4, count],
    [4, map],
    [8, 0],
    [8, 0],
  ]);
}

/** Where the kernel says what the program returned. */
export const RETURNED_AT = 4;

/** A run of a program on so many bytes of arguments. */
export function runAttribute(program: number, args: bigint, bytes: number): Buffer {
  return attribute([
    [4, program],
    [4, 0],
    [4, 0],
    [4, 0],
    [8, 0],
    [8, 0],
    [4, 0],
    [4, 0],
    [4, bytes],
    [4, 0],
    [8, args],
    [8, 0],
    [4, 0],
    [4, 0],
  ]);
}
