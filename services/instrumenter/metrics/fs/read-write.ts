/*
 * Reads and writes of files by programs: for the descriptions that count them, or their bytes. In: nothing.
 * Out: the calls, by kind; which of them go to a file system; how many bytes they moved, and at which offset.
 */
import {
  type Expression,
  all,
  any,
  below,
  bits,
  choose,
  equal,
  member,
  minus,
  not,
  unequal,
  userNumber,
} from '../language/expression';
import { named } from '../language/observation';
import {
  callNumber,
  error,
  firstArgument,
  isOneOf,
  kindsOf,
  placeArgument,
  result,
  secondArgument,
  sixthArgument,
  thirdArgument,
} from '../syscall/call';
import { fileOf, fileSystemOf, isInFileSystem } from './open-file';

const AT_A_PLACE = ['pread64', 'pwrite64', 'preadv', 'pwritev', 'preadv2', 'pwritev2'];
const CALLS = {
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  // From one file to another, or to a socket, inside the kernel: counted once, where it is read.
  copy: ['copy_file_range', 'sendfile', 'sendfile64'],
};
export const READS_AND_WRITES = Object.values(CALLS).flat();

const SENDS = isOneOf(callNumber, ['sendfile', 'sendfile64']);
const { file, isOpen } = fileOf(choose(SENDS, secondArgument, firstArgument));
/** Address of the offset to copy from, which has advanced by what was copied; 0: the file's own offset. */
const placeAt = choose(SENDS, thirdArgument, secondArgument);
/** With an offset of -1 the two newest calls use the file's own offset, as read and write do. */
const ON = -1;

export const isOfFileSystem = [isOpen, isInFileSystem(file)];
/** Bytes moved: 0 if the call failed. */
export const moved = choose(equal(error, 0), result, 0);
export const fstype = fileSystemOf(file);
export const optype = named(callNumber, kindsOf(CALLS));

const O_APPEND = 0o2000;
const RWF_APPEND = 0x10;
const RWF_NOAPPEND = 0x20;
/** These write at the end, whatever offset is given. */
const appends = all(
  isOneOf(callNumber, CALLS.write),
  any(
    all(isOneOf(callNumber, ['pwritev2']), unequal(bits(sixthArgument, RWF_APPEND), 0)),
    all(
      unequal(bits(member(file, 'f_flags'), O_APPEND), 0),
      not(all(isOneOf(callNumber, ['pwritev2']), unequal(bits(sixthArgument, RWF_NOAPPEND), 0))),
    ),
  ),
);
const end = member(file, 'f_inode.i_size');
/** The file's own offset, which has advanced by what was moved; that of some special files does not. */
const own = member(file, 'f_pos');
const before = (place: Expression): Expression => choose(below(place, moved), place, minus(place, moved));

/** Offset in the file. */
export const offset = choose(
  isOneOf(callNumber, AT_A_PLACE),
  choose(appends, before(end), choose(equal(placeArgument, ON), before(own), placeArgument)),
  choose(all(isOneOf(callNumber, CALLS.copy), unequal(placeAt, 0)), before(userNumber(placeAt)), before(own)),
);
