/*
 * Installed programs. In: patterns of paths in folders that only root may write to. Out: their files, open and
 * read; a path is opened again only when its file has changed.
 */
import { readdirSync, statSync } from 'node:fs';
import { messageOf } from '../../../../../common/service/errors';
import type { Architecture } from '../compiler/architecture';
import { readElfNow } from './elf-reading';
import { finding } from './finding';
import { baseName, KnownFile, lacking, type Found, type Wanted } from './known-file';
import { identityOf, openTrusted, type OpenedFile } from './opened-file';

interface Seen {
  readonly stamp: string;
  readonly file: KnownFile;
}

export class Installed {
  private readonly kinds: readonly Wanted[];
  private readonly architecture: Architecture;
  private seen: ReadonlyMap<string, Seen> = new Map();

  constructor(kinds: readonly Wanted[], architecture: Architecture) {
    this.kinds = kinds;
    this.architecture = architecture;
  }

  /** `known`: files that are open already, by their ids. */
  look(known: ReadonlyMap<string, KnownFile>): readonly KnownFile[] {
    const seen = new Map<string, Seen>();
    for (const wanted of this.kinds) {
      for (const path of wanted.programs.installed.flatMap(matching)) {
        if (!wanted.programs.file.test(baseName(path))) continue;
        const one = this.lookAt(wanted, path, known);
        if (one !== undefined) seen.set(path, one);
      }
    }
    this.seen = seen;
    return [...seen.values()].map(({ file }) => file);
  }

  private lookAt(wanted: Wanted, path: string, known: ReadonlyMap<string, KnownFile>): Seen | undefined {
    let opened: OpenedFile | undefined;
    try {
      const stamp = identityOf(statSync(path, { bigint: true }));
      const last = this.seen.get(path);
      if (last?.stamp === stamp) return last;
      opened = openTrusted(path);
      if (opened === undefined) return undefined;
      const id = idOf(wanted, opened);
      const same = known.get(id);
      if (same === undefined) {
        const found = this.read(wanted, path, opened);
        return { stamp, file: new KnownFile(wanted, path, found, { id, opened, owner: undefined }) };
      }
      void opened.close();
      return { stamp, file: same };
    } catch {
      return undefined;
    }
  }

  private read(wanted: Wanted, path: string, opened: OpenedFile): Found {
    try {
      return readElfNow(opened, finding(wanted, path, this.architecture));
    } catch (error) {
      return lacking(wanted, `${path}: ${messageOf(error)}`);
    }
  }
}

/** A file may be wanted as two kinds of programs. */
export const idOf = ({ programs }: Wanted, { identity }: OpenedFile): string =>
  `${programs.title} ${identity}`;

const ENTRIES_MAX = 256;

/** Existing paths of a pattern; `*` stands for characters other than a slash. */
export function matching(pattern: string): string[] {
  const star = pattern.indexOf('*');
  if (star === -1) return [pattern];
  const folderEnd = pattern.lastIndexOf('/', star);
  const nameEnd = pattern.indexOf('/', star);
  const folder = pattern.slice(0, folderEnd);
  const name = pattern.slice(folderEnd + 1, nameEnd === -1 ? undefined : nameEnd);
  const rest = nameEnd === -1 ? '' : pattern.slice(nameEnd);
  const [head = '', ...pieces] = name.split('*');
  const fits = new RegExp(`^${[head, ...pieces].map(quoted).join('[^/]*')}$`);
  try {
    return readdirSync(folder)
      .filter((entry) => fits.test(entry))
      .sort()
      .slice(0, ENTRIES_MAX)
      .flatMap((entry) => matching(`${folder}/${entry}${rest}`));
  } catch {
    return [];
  }
}

const quoted = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
