/*
 * Free space on the disk of the state folder. In: the folder. Out: a sentence with the fix if RabbitMQ would accept no messages
 * for lack of it, now or later.
 */
import { statfsSync } from 'node:fs';

/** RabbitMQ stops taking messages below this (disk_free_limit). */
export const DISK_FREE_LIMIT_MIB = 64;

export function lackOfSpace(folder: string, limitMiB = DISK_FREE_LIMIT_MIB): string | undefined {
  const { bavail, bsize } = statfsSync(folder);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= limitMiB) return undefined;
  return (
    `only ${freeMiB} MiB are free on the disk of ${folder}, and RabbitMQ takes no messages below ${limitMiB} MiB; ` +
    'fix: make room there, or set CA_HOME to a folder on another disk'
  );
}

/** Reports it once each time that space runs out. Returns a function that stops the check. */
export function watchSpace(
  folder: string,
  say: (line: string) => void,
  look: (folder: string) => string | undefined = lackOfSpace,
  everyMs = 5000,
): () => void {
  let lacking = false;
  const timer = setInterval(() => {
    const sentence = look(folder);
    if (sentence !== undefined && !lacking) say(sentence);
    if (sentence === undefined && lacking) say('there is room on the disk again');
    lacking = sentence !== undefined;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
