/*
 * The owner of the state folder. Files that root makes on behalf of a user (sudo make run) must belong to that user, whose tools find the
 * running system; under another user, files of root would make RabbitMQ fail with obscure errors.
 * In: a folder. Out: its owner changed, or a sentence with the fix.
 */
import { accessSync, constants, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { checkoutFolder } from './checkout';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The user on whose behalf root runs: the user of sudo, or the owner of the checkout, whose code this is. undefined: none. */
export function behalfOf(env: NodeJS.ProcessEnv = process.env): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = [env['SUDO_UID'], env['SUDO_GID']].map((id) =>
    /^\d{1,10}$/.test(id ?? '') ? Number(id) : 0,
  );
  const owner = uid !== undefined && uid > 0 ? { uid, gid: gid ?? 0 } : lstatSync(checkoutFolder());
  return owner.uid === 0 ? undefined : { uid: owner.uid, gid: owner.gid };
}

/** One file or folder; links are not followed. */
export function handOver(path: string, owner = behalfOf()): void {
  if (owner !== undefined) lchownSync(path, owner.uid, owner.gid);
}

/** Everything in a folder; files that disappear meanwhile are skipped. */
export function handOverAll(folder: string, owner = behalfOf()): void {
  if (owner === undefined) return;
  for (const path of contents(folder)) {
    try {
      lchownSync(path, owner.uid, owner.gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Why this user cannot use a state folder: something in it belongs to another user. */
export function notOurs(folder: string): string | undefined {
  const me = process.getuid?.();
  if (me === undefined || me === 0) return undefined;
  for (const path of contents(folder)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (
      found === undefined ||
      found.uid === me ||
      found.isSymbolicLink() ||
      usable(path, found.isDirectory())
    )
      continue;
    const name = userInfo().username;
    return `${path} is not ${name}'s: a system that root has started left it; fix: sudo chown -R ${name} '${folder}'`;
  }
  return undefined;
}

function usable(path: string, isFolder: boolean): boolean {
  try {
    accessSync(
      path,
      isFolder ? constants.R_OK | constants.W_OK | constants.X_OK : constants.R_OK | constants.W_OK,
    );
    return true;
  } catch {
    return false;
  }
}

function* contents(folder: string): Generator<string> {
  yield folder;
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return; // not readable, or gone
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* contents(path);
    else yield path;
  }
}
