/*
 * Counters of TCP in our own network namespace. In: /proc/net/snmp, /proc/net/netstat. Out: one row of the counters
 * asked for; those that this kernel does not have are left out.
 */
import type { Row } from '../snapshots';
import type { Files } from './files';
import type { Machine } from './machine';

export const SNMP = '/proc/net/snmp';
const NETSTAT = '/proc/net/netstat';

export function tcpRows({ files }: Machine, names: readonly string[]): Row[] {
  const all = new Map([...counters(files, SNMP, 'Tcp'), ...counters(files, NETSTAT, 'TcpExt')]);
  const counted = names.flatMap((name) => {
    const count = all.get(name);
    return count === undefined ? [] : [[name, count] as const];
  });
  return [{ key: '', fields: {}, counters: Object.fromEntries(counted) }];
}

/** Two lines each: "Tcp: name name …" and "Tcp: number number …". */
function counters(files: Files, path: string, group: string): [string, number][] {
  const lines = (files.read(path) ?? '').split('\n').filter((line) => line.startsWith(`${group}: `));
  const [names = [], numbers = []] = lines.map((line) => line.split(' ').slice(1));
  return names.map((name, i) => [name, Number(numbers[i] ?? 0)]);
}
