/*
 * A file with moments of user programs, and what was found in it. In: the open file, the places. Out: for probes, which
 * attach to that open file and to nothing else.
 */
import type { Programs, UserMoment } from '../../../metrics/user';
import type { Owner } from '../../blocking-io-pool';
import type { Site } from '../compiler/site';
import { MissingError } from '../kernel/kernel-types';
import type { OpenedFile } from './opened-file';

/** A kind of programs, and all that descriptions ask of its files. */
export interface Wanted {
  readonly programs: Programs;
  readonly moments: readonly UserMoment[];
  /** Variables whose addresses are asked for. */
  readonly globals: readonly string[];
}

/** What a file has of all moments, by their names, or what it lacks. */
export type Found = ReadonlyMap<string, readonly Site[] | MissingError>;

export interface UserFile {
  /** The same for the same file. */
  readonly id: string;
  /** For people; as seen from its container. */
  readonly path: string;
  /** Who holds us up when it is: whoever ran it first. */
  readonly owner: Owner;
  /**
   * Hands over a path that leads to the file whose places are known, whatever has become of `path`. Rejects with a
   * MissingError when it is gone, or was written to since.
   */
  using<T>(work: (path: string) => Promise<T>): Promise<T>;
  /** Throws a MissingError that says what the file lacks. */
  sitesOf(moment: UserMoment): readonly Site[];
}

/** A file that has nothing, for one reason. */
export function lacking({ moments }: Wanted, reason: string): Found {
  const error = new MissingError(reason);
  return new Map(moments.map((moment) => [moment.name, error]));
}

export class KnownFile implements UserFile {
  readonly id: string;
  readonly programs: Programs;
  readonly path: string;
  readonly owner: Owner;
  /** Undefined for one that is not touched. */
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
