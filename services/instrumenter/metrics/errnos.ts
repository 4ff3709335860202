/*
 * Numbers and names of errors: errno, and the block layer's own status. Data. "none" is success.
 * In: nothing. Out: Names, for descriptions.
 */
import { ERRNOS } from '../../../common/model/names/errnos';
import { parseTable } from '../../../common/model/names/syscalls';
import { tableOfNames } from './language/names';

export const ERRNO_NAMES = tableOfNames([['none', 0], ...parseTable(ERRNOS)]);

/** BLK_STS_* of include/linux/blk_types.h by the errno that each turns into (block/blk-core.c). */
export const BLOCK_STATUS_NAMES = tableOfNames([
  ['none', 0],
  ['EOPNOTSUPP', 1],
  ['ETIMEDOUT', 2],
  ['ENOSPC', 3],
  ['ENOLINK', 4],
  ['EREMOTEIO', 5],
  ['EBADE', 6],
  ['ENODATA', 7],
  ['EILSEQ', 8],
  ['ENOMEM', 9],
  ['EIO', 10],
  ['EAGAIN', 12],
  ['EBUSY', 13],
]);
