/*
 * Finds the places of a kind of programs in an untrusted file. In: ways to read it. Out: places, or
 * what it lacks. Bounded in time: a file may have millions of symbols that all look alike.
 */
import { cpuMs } from '../../share';
import type { Architecture } from '../compiler/architecture';
import { Spots, type Site } from '../compiler/site';
import { MissingError } from '../kernel/kernel-types';
import { Elf, ElfError, type Reader } from './elf';
import { lacking, type Found, type Wanted } from './known-file';

/** CPU time for the search of one user's file. */
const SEARCH_MS = 250;

/** Nothing is known of the file: it may be searched again. */
export class TooLongError extends ElfError {}

/** Searches a file that only root may write to. */
export function finding(wanted: Wanted, path: string, architecture: Architecture): (read: Reader) => Found {
  return (read) => find(new Elf(read), wanted, path, architecture);
}

/**
 * Searches any file; throws a TooLongError when that takes more than the limit. `spent` is called with the
 * milliseconds of CPU time of each attempt: a busy machine does not make a file slow.
 */
export function findingInTime(
  wanted: Wanted,
  path: string,
  architecture: Architecture,
  spent: (milliseconds: number) => void,
): (read: Reader) => Found {
  let before = 0;
  return (read) => {
    const from = cpuMs();
    const check = (): void => {
      if (before + cpuMs() - from > SEARCH_MS) throw new TooLongError('it takes too long to search');
    };
    try {
      return find(new Elf(read, check), wanted, path, architecture);
    } finally {
      const took = cpuMs() - from;
      before += took;
      spent(took);
    }
  };
}

function find(elf: Elf, wanted: Wanted, path: string, architecture: Architecture): Found {
  if (elf.architecture !== architecture) return lacking(wanted, `${path} is for another kind of processor`);
  const spots = new Spots(elf, path);
  const addresses = new Map(wanted.globals.map((name) => [name, elf.symbol(name)]));
  return new Map(
    wanted.moments.map((moment) => [
      moment.name,
      sitesOrError(() =>
        spots.sitesOf(moment).map((site) => ({ ...site, addressOf: (name) => addresses.get(name) })),
      ),
    ]),
  );
}

function sitesOrError(search: () => readonly Site[]): readonly Site[] | MissingError {
  try {
    return search();
  } catch (error) {
    if (error instanceof MissingError) return error;
    throw error;
  }
}
