/*
 * Reads and writes of files, as programs make them: for the descriptions that count them, or their bytes. In: nothing.
 * Out: the calls, by kind; which of them are of a file system; what they have moved, and where.
 */
import { all, choose, equal, member, minus, unequal } from '../language/expression';
import { named } from '../language/observation';
import {
  error,
  firstArgument,
  fourthArgument,
  isOneOf,
  kindsOf,
  numberAtExit,
  result,
} from '../syscall/call';
import { fileOf, fileSystemOf, isInFileSystem } from './open-file';

const AT_A_PLACE = ['pread64', 'pwrite64', 'preadv', 'pwritev', 'preadv2', 'pwritev2'];
const CALLS = {
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
};
export const READS_AND_WRITES = Object.values(CALLS).flat();

const { file, isOpen } = fileOf(firstArgument);
/** Given as a place of -1, the two newest calls go on where the last one ended, as read and write do. */
const ON = -1;

export const isOfFileSystem = [isOpen, isInFileSystem(file)];
/** Bytes that were moved: 0 where the call failed. */
export const moved = choose(equal(error, 0), result, 0);
export const fstype = fileSystemOf(file);
export const optype = named(numberAtExit, kindsOf(CALLS));
/** Where in the file. Its own place has moved on by what was done. */
export const offset = choose(
  all(isOneOf(numberAtExit, AT_A_PLACE), unequal(fourthArgument, ON)),
  fourthArgument,
  minus(member(file, 'f_pos'), moved),
);
