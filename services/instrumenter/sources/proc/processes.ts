/*
 * All processes, as they are now. In: /proc/<pid>. Out: a row for each, with the requested fields.
 *
 * Thousands of processes are thousands of files: read a few at a time, once for all callers at one boundary, and at
 * such intervals that it takes at most a twentieth of one CPU.
 */
import { nameFromBytes } from '../../../../common/model/name';
import type { Fields } from '../points';
import type { Row } from '../snapshots';
import { zoneOfProcess } from '../zonename';
import type { Machine } from './machine';

/** Processes read in a row before other work gets its turn: about 1 ms. */
const SLICE = 25;
const SAME_BOUNDARY_NS = 0.5e9;
const SHARE_OF_CPU = 0.05;

/** Fields that need another file each. */
const COSTLY = ['psargs', 'zonename'] as const;

export function processRows(machine: Machine, needed: ReadonlySet<string>): Promise<readonly Row[]> {
  const costly = COSTLY.filter((field) => needed.has(field));
  const name = `processes ${costly.join()}`;
  return machine.once(name, machine.intervalOf(name, SHARE_OF_CPU, SAME_BOUNDARY_NS), async () => {
    let spent = 0;
    const rows: Row[] = [];
    const pids = machine.files.list('/proc').filter((entry) => /^\d+$/.test(entry));
    for (let i = 0; i < pids.length; i += SLICE) {
      if (i > 0) await new Promise((resolve) => setImmediate(resolve));
      const from = machine.elapsed();
      for (const pid of pids.slice(i, i + SLICE)) {
        const row = await readProcess(machine, pid, costly);
        if (row !== undefined) rows.push(row);
      }
      spent += machine.elapsed() - from;
    }
    machine.spent(name, spent);
    return rows;
  });
}

/** Undefined when it has ended meanwhile. */
async function readProcess(
  machine: Machine,
  pid: string,
  costly: readonly string[],
): Promise<Row | undefined> {
  const { files, pageBytes } = machine;
  const stat = files.bytes(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // "12 (name) S 1 …": a name may hold spaces and parentheses, so the last one ends it.
  const end = stat.lastIndexOf(')');
  const execname = nameFromBytes(stat.subarray(stat.indexOf('(') + 1, end));
  // Column n of proc(5) is after[n - 3].
  const after = stat.toString('latin1', end + 2).split(' ');
  const at = (column: number): number => Number(after[column - 3] ?? 0);
  const fields: Record<string, string | number> = {
    pid,
    ppid: after[1] ?? '',
    execname,
    nthreads: at(20),
    rss: at(24) * pageBytes,
  };
  if (costly.includes('psargs'))
    fields['psargs'] = psargs(await files.slow(`/proc/${pid}/cmdline`), execname);
  if (costly.includes('zonename'))
    fields['zonename'] = zoneOfProcess(files.read(`/proc/${pid}/cgroup`) ?? '');
  // A process number is reused after a while; number and start time together are unique.
  return { key: `${pid} ${at(22)}`, fields: fields satisfies Fields };
}

/** The same length as in other sources. */
const PSARGS_BYTES = 80;

/** Arguments separated by spaces; kernel threads have none and show their name in brackets, as in ps(1); some block the read. */
function psargs(cmdline: Buffer | undefined, execname: string): string {
  if (cmdline === undefined) return '(unknown)';
  if (cmdline.length === 0) return `[${execname}]`;
  const whole = cmdline.at(-1) === 0 ? cmdline.length - 1 : cmdline.length;
  const text = cmdline.subarray(0, Math.min(whole, PSARGS_BYTES)).map((byte) => (byte === 0 ? 0x20 : byte));
  let end = text.length;
  while (end > 0 && text[end - 1] === 0x20) end--;
  return nameFromBytes(text.subarray(0, end));
}
