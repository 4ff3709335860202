/*
 * The owner of a process, so that delays and costs are accounted to the user who causes them. In: a process's number.
 * Out: a user, in words; nothing for root's own processes.
 *
 * By its real user, which no set-user-ID program changes; not by the owner of /proc/<pid>, which is root for a process that asks for
 * it (PR_SET_DUMPABLE). Root inside a container is that container. The subordinate users of a user's containers
 * (subuid(5)) count as that user.
 */
import { readFileSync } from 'node:fs';
import type { Owner } from './blocking-io-pool';
import { GLOBAL, zoneOfProcess } from './zonename';

const SUBORDINATES = '/etc/subuid';

/** Also undefined for a process that has ended: it blocks nothing any more. */
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
