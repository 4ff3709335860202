/*
 * Files that are skipped. In: the reason. Out: a file without places, with that reason.
 */
import { LateError, type Owner } from '../../blocking-io-pool';
import { TooLongError } from './finding';
import { KnownFile, lacking, type Wanted } from './known-file';

/** For files whose reads block: they may be read the next time. */
export const HELD_UP = 'held up';
export const OTHER: readonly [reason: string, id?: string] = ['what is there now is no file, or another one'];

/** A file that is skipped, for a reason. */
export function untouched(
  wanted: Wanted,
  path: string,
  reason: string,
  owner: Owner,
  why = 'untouched',
): KnownFile {
  const id = `${why} ${owner} ${path}`;
  return new KnownFile(wanted, path, lacking(wanted, `${path}: ${reason}`), { id, owner });
}

/** For lack of something that may be available the next time. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof LateError ||
    error instanceof TooLongError ||
    ['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR'].includes(codeOf(error))
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
