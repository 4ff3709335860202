/*
 * Finds the moments of a kind of programs in a file that anybody may have written. In: ways to read it. Out: places, or
 * what it lacks. Bounded in time: a file may have millions of symbols that all look alike.
 */
import { LIMITS } from '../../../../../common/service/limits';
import type { Architecture } from '../compiler/architecture';
import { Spots, type Site } from '../compiler/site';
import { MissingError } from '../kernel/btf';
import { Elf, ElfError, type Reader } from './elf';
import { lacking, type Found, type Wanted } from './known-file';

/** `spent`: told how many milliseconds each attempt took. */
export function finding(
  wanted: Wanted,
  path: string,
  architecture: Architecture,
  spent: (milliseconds: number) => void = () => undefined,
): (read: Reader) => Found {
  let before = 0;
  return (read) => {
    const from = performance.now();
    const check = (): void => {
      if (before + performance.now() - from > LIMITS.elfSearchMs)
        throw new ElfError('it takes too long to search');
    };
    try {
      return find(new Elf(read, check), wanted, path, architecture);
    } finally {
      const took = performance.now() - from;
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
