/*
 * The network namespaces of this machine, each with the container it belongs to. In: /proc/<pid>/ns/net. Out: a list that
 * is refreshed every few seconds, and files of /proc/net as they are in one of them.
 *
 * A namespace is found through the programs in it. Our own is the global one, also where containers share it; another is
 * called by the zone of its oldest program.
 */
import { GLOBAL, zoneOfProcess } from '../zonename';
import type { Files } from './files';
import type { Machine } from './machine';

interface NetworkNamespace {
  /** "net:[4026531840]" */
  readonly id: string;
  readonly zonename: string;
  /** Some of its programs; empty for our own. */
  readonly pids: readonly string[];
}

/** Links looked at in a row before other work gets its turn: about 1 ms. */
const SLICE = 200;
const SAME_LIST_NS = 5e9;
const SHARE_OF_CPU = 0.02;
/** Maximum; users may make any number of them. */
const NAMESPACES_MAX = 1000;
/** Spare programs, in case some end before the list is refreshed. */
const PIDS_KEPT = 4;

export function networkNamespaces(machine: Machine): Promise<readonly NetworkNamespace[]> {
  const name = 'network namespaces';
  return machine.once(name, machine.intervalOf(name, SHARE_OF_CPU, SAME_LIST_NS), async () => {
    const { files, elapsed } = machine;
    const own = files.link('/proc/self/ns/net');
    const found = new Map<string, string[]>();
    let spent = 0;
    const pids = files.list('/proc').filter((entry) => /^\d+$/.test(entry));
    for (let i = 0; i < pids.length; i += SLICE) {
      if (i > 0) await new Promise((resolve) => setImmediate(resolve));
      const from = elapsed();
      for (const pid of pids.slice(i, i + SLICE)) {
        const id = files.link(linkOf(pid));
        if (id === undefined || id === own || own === undefined) continue;
        const known = found.get(id);
        if (known !== undefined && known.length < PIDS_KEPT) known.push(pid);
        else if (known === undefined && found.size < NAMESPACES_MAX) found.set(id, [pid]);
      }
      spent += elapsed() - from;
    }
    machine.spent(name, spent);
    const others = [...found].map(([id, of]) => ({
      id,
      zonename: zoneOfProcess(files.read(`/proc/${of[0] ?? ''}/cgroup`) ?? ''),
      pids: of,
    }));
    return [{ id: own ?? '', zonename: GLOBAL, pids: [] }, ...others];
  });
}

/** "snmp", "dev"; undefined when none of its programs that are known is left. */
export function readIn(files: Files, { id, pids }: NetworkNamespace, name: string): string | undefined {
  if (pids.length === 0) return files.read(`/proc/net/${name}`);
  // A process number may have been reused by now.
  const pid = pids.find((one) => files.link(linkOf(one)) === id);
  return pid === undefined ? undefined : files.read(`/proc/${pid}/net/${name}`);
}

/** Its number, as in lsns(8). */
export const numberOf = ({ id }: NetworkNamespace): string => /\d+/.exec(id)?.[0] ?? '';

const linkOf = (pid: string): string => `/proc/${pid}/ns/net`;
