/*
 * Whether a dtrace still has probes in a Linux kernel. In: its process id. Out: yes or no; no where nobody can tell.
 * Its uprobes (BEGIN is one) and kprobes stand by name in tracefs, and outlive it when it is killed before it removes
 * them; all else that it attaches goes with its file descriptors. It is looked at as that process sees it: it may be the
 * only one to have tracefs mounted.
 */
import { readFileSync } from 'node:fs';

const FOLDERS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const LISTS = ['uprobe_events', 'kprobe_events'];

export function hasProbes(pid: number): boolean {
  return FOLDERS.some((folder) =>
    LISTS.some((list) => textOf(`/proc/${pid}/root${folder}/${list}`).includes(`:dt_${pid}_`)),
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
