/*
 * Reads a document of the state, whichever release has written it. In: its name, the version that is written now, and what
 * understands its contents. Out: these, and the text of an older version, which is to be kept; or a sentence that names its place
 * and says what to do.
 */
import { CaError, messageOf } from '../../../common/service/errors';
import type { Document, Storage } from './storage';

/** A document as an older release wrote it, and where it is kept. */
export interface Former {
  readonly copy: Document;
  readonly text: string;
}

interface Form<T> {
  /** What this release writes; `understand` takes this one and older ones. */
  readonly version: number;
  /** Throws what is wrong. */
  readonly understand: (plain: unknown) => T;
  /** What to do without the file: "move it away to start with no instrumentations". */
  readonly without: string;
}

interface Read<T> {
  readonly contents: T;
  readonly former?: Former;
}

/** Where a document of that version is kept once a newer one takes its place. */
function copyOf(name: string, version: number): string {
  return `${name}.version-${version}`;
}

/** undefined: there is none yet. */
export async function readSaved<T>(
  storage: Storage,
  name: string,
  form: Form<T>,
): Promise<Read<T> | undefined> {
  const document = storage(name);
  const file = document.place;
  const text = await document.read();
  if (text === undefined) return undefined;
  const { version: newest, understand, without } = form;
  const checked = <R>(step: () => R): R => {
    try {
      return step();
    } catch (error) {
      throw refusal(`${file} is damaged (${messageOf(error)}); put back a good copy, or ${without}`, error);
    }
  };
  const plain = checked((): unknown => JSON.parse(text));
  const version = versionOf(plain) ?? newest;
  if (version > newest)
    throw refusal(
      `${file} is of a newer release: it has version ${version}, and this one understands up to ${newest}; start the newer ` +
        `release, or put ${storage(copyOf(name, newest)).place} in its place, which was kept when that one began to write`,
    );
  const contents = checked(() => understand(plain));
  return version === newest
    ? { contents }
    : { contents, former: { copy: storage(copyOf(name, version)), text } };
}

/** Only somebody who puts another one there helps: a supervisor need not try again (cannot-start.ts). */
function refusal(sentence: string, cause?: unknown): CaError {
  return new CaError('INVALID', sentence, { cause });
}

function versionOf(plain: unknown): number | undefined {
  if (typeof plain !== 'object' || plain === null || !('version' in plain)) return undefined;
  const { version } = plain;
  return typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined;
}
