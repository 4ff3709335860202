/*
 * A file with places to probe, and what was found in it. In: the open file, the places. Out: input of probes, which
 * attach to that open file and to nothing else.
 */
import type { Programs, UserMoment } from '../../../metrics/user';
import type { Owner } from '../../blocking-io-pool';
import type { Site } from '../compiler/site';
import { MissingError } from '../kernel/kernel-types';
import type { OpenedFile } from './opened-file';

/** A kind of programs, and all places that descriptions need in its files. */
export interface Wanted {
  readonly programs: Programs;
  readonly moments: readonly UserMoment[];
  /** Variables whose addresses are needed. */
  readonly globals: readonly string[];
}

/** The places found in a file, by their names, or why one is missing. */
export type Found = ReadonlyMap<string, readonly Site[] | MissingError>;

export interface UserFile {
  /** The same for the same file. */
  readonly id: string;
  /** Path for display, as seen from its container. */
  readonly path: string;
  /** The user who is accounted for delays: the first who ran it. */
  readonly owner: Owner;
  /**
   * Passes a path that leads to the file whose places are known, even if `path` has changed. Rejects with a
   * MissingError when it is gone, or was written to since.
   */
  using<T>(work: (path: string) => Promise<T>): Promise<T>;
  /** Throws a MissingError that says what the file lacks. */
  sitesOf(moment: UserMoment): readonly Site[];
}

/** A file without places, for one reason. */
export function lacking({ moments }: Wanted, reason: string): Found {
  const error = new MissingError(reason);
  return new Map(moments.map((moment) => [moment.name, error]));
}

export class KnownFile implements UserFile {
  readonly id: string;
  readonly programs: Programs;
  readonly path: string;
  readonly owner: Owner;
  /** Undefined for a file that is not opened. */
  readonly opened: OpenedFile | undefined;
  private readonly found: Found;

  constructor(
    { programs }: Wanted,
    path: string,
    found: Found,
    { id, opened, owner }: { id: string; opened?: OpenedFile; owner: Owner },
  ) {
    this.id = id;
    this.programs = programs;
    this.path = path;
    this.owner = owner;
    this.opened = opened;
    this.found = found;
  }

  async using<T>(work: (path: string) => Promise<T>): Promise<T> {
    const { opened, path } = this;
    if (opened === undefined) throw new MissingError(`${path} is not open`);
    return opened.using(async (own) => {
      if (await opened.isUnchanged()) return work(own);
      throw new MissingError(`${path} was written to since it was read; it is read again in a moment`);
    });
  }

  sitesOf(moment: UserMoment): readonly Site[] {
    const sites = this.found.get(moment.name);
    if (sites === undefined) throw new TypeError(`${moment.name} was not looked for in ${this.path}`);
    if (sites instanceof MissingError) throw sites;
    return sites;
  }
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
