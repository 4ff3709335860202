/*
 * Open files, as the kernel holds them. In: a descriptor of the running thread. Out: the file that it refers to, whether
 * a file system has it, and which one: for the descriptions of this folder.
 */
import {
  any,
  below,
  bits,
  equal,
  member,
  plus,
  pointerAt,
  shiftLeft,
  string,
  task,
  type Expression,
} from '../language/expression';

/** The file that a descriptor of the running thread refers to; a null pointer for a descriptor that is not open. */
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

/** Files and folders; not sockets, pipes, terminals or other devices. */
export function isInFileSystem(file: Expression): Expression {
  const type = bits(member(file, 'f_inode.i_mode'), TYPE);
  return any(equal(type, REGULAR), equal(type, FOLDER));
}

/** The file system's name, as in /proc/mounts: ext4, overlay, tmpfs. */
export const fileSystemOf = (file: Expression): Expression => fileSystemOfInode(member(file, 'f_inode'));
export const fileSystemOfInode = (inode: Expression): Expression =>
  string(member(inode, 'i_sb.s_type.name'), 16);
