/*
 * How many files of user programs are known and watched. In: a kind, a user, what is known. Out: a sentence where there is
 * no room for one more.
 */
import type { Owner } from '../../blocking-io-pool';
import type { KnownFile, Wanted } from './known-file';

/** Files that one instrumentation watches at a time, and files of one kind that are known. */
export const FILES = 64;
/** Of these, files of one user other than root. */
const FILES_PER_USER = 8;
/** Of all such users. */
const FILES_OF_USERS = 48;

/** Each user may have some files, and all users together a number that always leaves room for the machine's own. */
export function whyNoRoom(
  { programs }: Wanted,
  owner: Owner,
  byId: ReadonlyMap<string, KnownFile>,
): string | undefined {
  if (owner === undefined) return undefined;
  const users = [...byId.values()].filter((file) => file.programs === programs && file.owner !== undefined);
  const own = users.filter((file) => file.owner === owner);
  if (own.length < FILES_PER_USER && users.length < FILES_OF_USERS) return undefined;
  return (
    `${owner} runs more files of the kind ${programs.title} than are watched: ` +
    `${FILES_PER_USER} of a user, ${FILES_OF_USERS} of all users`
  );
}
