/*
 * Whether a dtrace still has probes in a Linux kernel. In: its process id. Out: yes or no; no if that cannot be found out.
 * Its uprobes (BEGIN is one) and kprobes are listed by name in tracefs, and outlive it when it is killed before it removes
 * them; everything else it attaches goes with its file descriptors. tracefs is read through that process's root: it may be the
 * only process with tracefs mounted.
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
