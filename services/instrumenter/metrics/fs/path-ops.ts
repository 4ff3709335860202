/* fs.path_ops: files and folders that get or lose a name: operations on a path, which no open file stands for. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import {
  argument,
  cast,
  either,
  kept,
  lift,
  member,
  now,
  result,
  type Expression,
} from '../language/expression';
import { tableOfNames } from '../language/names';
import { kernelEntry, kernelReturn, named, type Probe } from '../language/observation';
import { RUNNING, sinceStart } from '../process';
import { errorOf } from '../syscall/call';
import { fileSystemOfInode } from './open-file';

/** The folder: the first or second argument, depending on the release; where there are two, the one that had the name. */
const folder = argument('inode');
const folderOfRename = either(
  member(argument('renamedata'), 'old_parent.d_inode'), // 6.17
  member(argument('renamedata'), 'old_dir'), // 5.12
  folder,
);

/** Functions of the kernel by the names that illumos uses for the operations. */
const OPERATIONS: readonly (readonly [word: string, of: string, folder: Expression])[] = [
  ['link', 'vfs_link', folder],
  ['mkdir', 'vfs_mkdir', folder],
  ['remove', 'vfs_unlink', folder],
  ['rename', 'vfs_rename', folderOfRename],
  ['rmdir', 'vfs_rmdir', folder],
  ['symlink', 'vfs_symlink', folder],
];
const WORDS = tableOfNames(OPERATIONS.map(([word], i) => [word, i]));

/**
 * A stacked file system (overlay) calls the same functions for those below it: the operation is counted below,
 * in the file system that carries it out.
 */
const probes = OPERATIONS.flatMap(([, of, inode], i): Probe[] => [
  {
    at: kernelEntry(of),
    steps: [{ kind: 'keep', by: 'thread', values: { start: now, folder: inode } }],
  },
  {
    at: kernelReturn(of),
    steps: [
      {
        kind: 'count',
        by: 'thread',
        fields: {
          ...RUNNING,
          fstype: fileSystemOfInode(cast(kept('folder'), 'inode')),
          optype: named(lift(i), WORDS),
          errno: named(errorOf(result), ERRNO_NAMES),
          latency: sinceStart,
        },
      },
    ],
  },
]);

export const pathOps: MetricDescription = {
  module: 'fs',
  stat: 'path_ops',
  label: 'operations on paths',
  question: 'Which program makes, renames and removes files and folders, and does it wait for that?',
  synonyms: ['rename', 'unlink', 'delete', 'remove', 'mkdir', 'create', 'file', 'directory', 'inotify'],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'latency', 'errno', 'subsecond'],
  bpf: { probes },
};
