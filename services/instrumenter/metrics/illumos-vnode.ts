/*
 * File systems on illumos, in D: operations of the VFS layer and the fields of their vnode. In: a kept {vnode}.
 * Out: D text for descriptions of module fs.
 */
import type { D } from './language/clause';

/** fop_* functions of the kernel (usr/src/uts/common/fs/vnode.c) that programs wait for. */
export const OPERATIONS: readonly string[] = [
  'open',
  'close',
  'read',
  'write',
  'ioctl',
  'getattr',
  'setattr',
  'access',
  'lookup',
  'create',
  'remove',
  'link',
  'rename',
  'mkdir',
  'rmdir',
  'readdir',
  'symlink',
  'readlink',
  'fsync',
  'getpage',
  'putpage',
  'map',
];

export const fileSystem: D = 'stringof({vnode}->v_op->vnop_name)';

const WITH_FILES = ['ufs', 'zfs', 'tmpfs', 'pcfs', 'hsfs', 'nfs', 'nfs3', 'nfs4', 'smbfs', 'lxautofs'];

/** Pipes, sockets, /proc and devices are vnodes too. */
export const isRealFileSystem: D = `{vnode} != NULL && (${WITH_FILES.map(
  (name) => `${fileSystem} == "${name}"`,
).join(' || ')})`;
