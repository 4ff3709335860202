/*
 * Files and folders that control us must not belong to another user. In: a path. Out: nothing, or an error with the
 * owner and the fix. Trusted are root, our own user, the user who called sudo, and the owner of our program files, who
 * can change what we run anyway.
 */
import { chmodSync, constants, lstatSync, mkdirSync, readdirSync, statSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CaError, invalid, messageOf } from '../errors';

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o004;
/** Size limit of files with tokens, customers, certificates and keys. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Systems without getuid have no owners to compare. */
const own = process.getuid?.();

function isTrusted(uid: number, env: NodeJS.ProcessEnv = process.env): boolean {
  if (own === undefined || uid === own || uid === 0) return true;
  if (own === 0 && env['SUDO_UID'] === String(uid)) return true;
  return uid === statSync(__filename).uid;
}

/** Why other users can change it; undefined: they cannot. */
function distrust({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): string | undefined {
  if (!isTrusted(uid)) return `belongs to uid ${uid}`;
  return (mode & OTHERS_WRITE) === 0 ? undefined : 'can be written by others';
}

/** The same for a path: for a link and its target. undefined also where nothing exists. */
export function distrustOf(path: string): string | undefined {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link === undefined) return undefined;
  // A link owned by root or us is as good as its target: /var/lib has such links.
  if (link.isSymbolicLink() && !isTrusted(link.uid)) return `is a link of uid ${link.uid}`;
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : distrust(found);
}

/** Creates the state folder, for us alone, or throws an INVALID error when it exists and others may have written to it. */
export function privateFolder(setting: string, folder: string): void {
  const refuse = (path: string, why: string): CaError =>
    invalid(setting, `cannot be used: ${path} ${why}; fix: remove it, or set ${setting} to another folder`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What was there while others could write may be theirs.
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
    const why = distrustOf(path);
    if (why !== undefined) throw refuse(path, why);
  }
  const found = statSync(folder);
  if ((found.mode & 0o077) !== 0 && (own === 0 || found.uid === own)) chmodSync(folder, 0o700);
}

/** A file of the operator's; what is checked is what is read. `secret`: only its owner and group may read it. */
export async function trustedText(setting: string, path: string, secret = false): Promise<string> {
  const refuse = (why: string, cause?: unknown): CaError =>
    new CaError('INVALID', `${setting}: ${why}`, { field: setting, cause });
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refuse(messageOf(error), error);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw refuse(`${path} is no file`);
    if (found.size > FILE_BYTES_MAX) throw refuse(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
    const why = distrust(found);
    if (why !== undefined) throw refuse(`${path} ${why}; fix: chown it to root or to us, and chmod go-w`);
    if (secret && (found.mode & OTHERS_READ) !== 0) {
      throw refuse(`everybody can read ${path}; fix: chmod o-r '${path}'`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
