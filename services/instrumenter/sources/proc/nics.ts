/*
 * Counters of the network interfaces. In: /proc/net/dev, /sys/class/net. Out: a row for each that has hardware
 * (or a hypervisor's) behind it; inside a container, where none has, for all but the loopback.
 * Bridges, bonds, VLANs and veth pairs would count the same bytes twice.
 */
import type { Row } from '../snapshots';
import type { Files } from './files';
import type { Machine } from './machine';
import { columns, numberAt } from './metric';
import { networkNamespaces, readIn } from './network-namespaces';

/** Of our own network namespace: /proc/net is a link to it. */
export const NET_DEV = '/proc/net/dev';

export function nicRows({ files }: Machine): Row[] {
  const all = interfaces(files.read(NET_DEV) ?? '');
  const real = all.filter(({ key }) => isReal(files, key) && !isPartOfReal(files, key));
  return real.length > 0 ? real : all.filter(({ key }) => key !== 'lo');
}

/** Those of the other network namespaces, but for their loopbacks: the virtual ones of containers, as these see them. */
export async function vnicRows(machine: Machine): Promise<Row[]> {
  return (await networkNamespaces(machine))
    .filter(({ pids }) => pids.length > 0)
    .flatMap((namespace) =>
      interfaces(readIn(machine.files, namespace, 'dev') ?? '')
        .filter(({ key }) => key !== 'lo')
        .map(({ key, counters = {} }) => ({
          key: `${namespace.id} ${key}`,
          fields: { zonename: namespace.zonename },
          counters,
        })),
    );
}

function interfaces(text: string): Row[] {
  return text
    .split('\n')
    .slice(2)
    .filter((line) => line.includes(':'))
    .map(row);
}

const of = (nic: string): string => `/sys/class/net/${nic}`;

function isReal(files: Files, nic: string): boolean {
  return files.list(`${of(nic)}/device`).length > 0;
}

/** The virtual function behind an interface of a hypervisor (Hyper-V, virtio failover): that counts its packets too. */
function isPartOfReal(files: Files, nic: string): boolean {
  return files
    .list(of(nic))
    .some((entry) => entry.startsWith('upper_') && isReal(files, entry.slice('upper_'.length)));
}

/** "eth0: bytes packets errs drop fifo frame compressed multicast bytes packets …": received, then sent. */
function row(line: string): Row {
  const colon = line.lastIndexOf(':'); // an alias has a colon in its name
  const nic = line.slice(0, colon).trim();
  const parts = columns(line.slice(colon + 1));
  return {
    key: nic,
    fields: { nic },
    counters: {
      bytesIn: numberAt(parts, 0),
      packetsIn: numberAt(parts, 1),
      bytesOut: numberAt(parts, 8),
      packetsOut: numberAt(parts, 9),
    },
  };
}
