/*
 * System calls on open files. In: the calls' names, by the kind of operation they are. Out: which numbers they have on
 * this processor, and the file behind a descriptor of the running thread, for the descriptions of this folder.
 */
import {
  any,
  argument,
  below,
  bits,
  byArch,
  choose,
  equal,
  member,
  minus,
  plus,
  pointerAt,
  shiftLeft,
  string,
  task,
  word,
  type Expression,
} from '../expression';
import { tableOfNames } from '../names';
import type { Named } from '../observation';
import { SYSCALL_NAMES } from '../syscall_names';

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

/** Names of calls by kind; those that a processor does not have are left out there. */
export type Calls = Readonly<Record<string, readonly string[]>>;

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
export function kindsOf(calls: Calls): Named['names'] {
  const on = (architecture: 'x64' | 'arm64') =>
    tableOfNames(
      Object.entries(calls).flatMap(([kind, names]) =>
        names
          .flatMap((name) => SYSCALL_NAMES[architecture].valuesOf(name))
          .map((value) => [kind, Number(value)] as const),
      ),
    );
  return { x64: on('x64'), arm64: on('arm64') };
}

/** The file that a descriptor of the running thread stands for; a null pointer where it stands for none. */
export function fileOf(descriptor: Expression): { readonly file: Expression; readonly isOpen: Expression } {
  const number = bits(descriptor, 0xffff_ffff);
  const table = member(task, 'files.fdt.fd');
  return {
    file: pointerAt(plus(table, shiftLeft(number, 3)), 'file'),
    isOpen: below(number, member(task, 'files.fdt.max_fds')),
  };
}

const TYPE = 0xf000;
const REGULAR = 0x8000;
const FOLDER = 0x4000;

/** Files and folders: no sockets, pipes, terminals and other devices. */
export function isInFileSystem(file: Expression): Expression {
  const type = bits(member(file, 'f_inode.i_mode'), TYPE);
  return any(equal(type, REGULAR), equal(type, FOLDER));
}

/** The file system's name, as in /proc/mounts: ext4, overlay, tmpfs. */
export const fileSystemOf = (file: Expression): Expression => fileSystemOfInode(member(file, 'f_inode'));
export const fileSystemOfInode = (inode: Expression): Expression =>
  string(member(inode, 'i_sb.s_type.name'), 16);
