/*
 * Whom a process belongs to, so that what one user holds up or costs is counted as his. In: a process's number.
 * Out: a user, in words; nothing for root's own processes.
 *
 * By its real user, which no set-user-ID program changes; not by who owns /proc/<pid>, which is root for whoever asks for
 * it (PR_SET_DUMPABLE). Root inside a container is that container. The users that somebody was given for his containers
 * (subuid(5)) count as him.
 */
import { readFileSync } from 'node:fs';
import type { Owner } from './blocking-io-pool';
import { GLOBAL, zoneOfProcess } from './zonename';

const SUBORDINATES = '/etc/subuid';

/** Also undefined for a process that is gone: it holds nobody up any more. */
export function ownerOfProcess(pid: string, proc = '/proc', subordinates = SUBORDINATES): Owner {
  const user = /^Uid:\t(\d+)/m.exec(textOf(`${proc}/${pid}/status`))?.[1];
  if (user === undefined) return undefined;
  if (user !== '0') return `user ${loginOf(Number(user), textOf(subordinates)) ?? user}`;
  const zone = zoneOfProcess(textOf(`${proc}/${pid}/cgroup`));
  return zone === GLOBAL || zone.endsWith('.service') ? undefined : `container ${zone}`;
}

function loginOf(user: number, subordinates: string): string | undefined {
  for (const line of subordinates.split('\n')) {
    const [login, from, count] = line.split(':');
    if (login !== undefined && user >= Number(from) && user < Number(from) + Number(count)) return login;
  }
  return undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
