/*
 * Counters of TCP, of each network namespace. In: net/snmp, net/netstat. Out: a row for each namespace, with the counters
 * requested; those that this kernel does not have are left out.
 */
import type { Row } from '../snapshots';
import type { Machine } from './machine';
import { networkNamespaces, numberOf, readIn } from './network-namespaces';

export const SNMP = '/proc/net/snmp';

export async function tcpRows(machine: Machine, names: readonly string[]): Promise<Row[]> {
  const { files } = machine;
  return (await networkNamespaces(machine)).flatMap((namespace) => {
    const snmp = readIn(files, namespace, 'snmp');
    if (snmp === undefined) return [];
    const netstat = readIn(files, namespace, 'netstat') ?? '';
    const all = new Map([...counters(snmp, 'Tcp'), ...counters(netstat, 'TcpExt')]);
    const counted = names.flatMap((name) => {
      const count = all.get(name);
      return count === undefined ? [] : [[name, count] as const];
    });
    const fields = { zonename: namespace.zonename, tcpstack: numberOf(namespace) };
    return [{ key: namespace.id, fields, counters: Object.fromEntries(counted) }];
  });
}

/** Two lines each: "Tcp: name name …" and "Tcp: number number …". */
function counters(text: string, group: string): [string, number][] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${group}: `));
  const [names = [], numbers = []] = lines.map((line) => line.split(' ').slice(1));
  return names.map((name, i) => [name, Number(numbers[i] ?? 0)]);
}
