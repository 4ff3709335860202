/*
 * Where the state is kept: a document by name, each replaced as a whole. In: texts. Out: the same, after any crash.
 * Files here; in PostgreSQL, for a pair of config services, in postgres/.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../common/service/errors';

export interface Document {
  /** For messages. */
  readonly place: string;
  /** undefined: there is none yet. */
  read(): Promise<string | undefined>;
  /** After this, power may fail at any moment and the document is either the old or the new one. */
  write(text: string): Promise<void>;
  /** Rejects with why the next write would fail. */
  check(): Promise<void>;
}

export type Storage = (name: string) => Document;

/** All that there are, `state.json` last. */
const DOCUMENTS = ['signing-key.pem', 'front-door', 'fleet.json', 'boards.json', 'state.json'];

/** Where nothing is kept yet, what another place has; it stays there. Resolves with the names. */
export async function bringAlong(from: Storage, to: Storage): Promise<string[]> {
  if ((await to('state.json').read()) !== undefined) return [];
  const brought: string[] = [];
  for (const name of DOCUMENTS) {
    const text = await from(name).read();
    if (text === undefined) continue;
    await to(name).write(text);
    brought.push(name);
  }
  return brought;
}

/** Creates the folder where it is missing. */
export async function filesIn(folder: string): Promise<Storage> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (name) => fileAt(join(folder, name));
}

export function fileAt(path: string): Document {
  return {
    place: path,
    async read() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (text) => writeWhole(path, text),
    async check() {
      try {
        await access(dirname(path), constants.W_OK | constants.X_OK);
      } catch (error) {
        throw new Error(`the state folder cannot be written: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
