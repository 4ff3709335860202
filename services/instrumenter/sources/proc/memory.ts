/*
 * Memory of the machine and of its zones. In: /proc/meminfo, /proc/vmstat, memory.* of control groups.
 * Out: parts of metrics with one number per zone, each made of two readings: of a zone, of the machine.
 */
import type { Measure } from '../snapshots';
import { numbersIn, type Zone } from './cgroups';
import type { Files } from './files';
import type { Machine } from './machine';
import { needsFile, type ProcPart } from './metric';
import { zoneRows } from './zone-rows';

export const MEMINFO = '/proc/meminfo';
export const VMSTAT = '/proc/vmstat';

interface MemoryPart {
  /** Counters: the increase counts. Gauges: the number itself. */
  readonly kind: 'counters' | 'gauges';
  /** Undefined if the zone has none: no limit, or a kernel that does not count it. */
  readonly ofZone: (machine: Machine, zone: Zone, version: 1 | 2) => number | undefined;
  readonly ofMachine: (machine: Machine) => number;
  /** Limits of zones are not parts of the machine's. */
  readonly zonesAreParts: boolean;
  readonly file: string;
}

export function memoryPart({ kind, ofZone, ofMachine, zonesAreParts, file }: MemoryPart): ProcPart {
  const measure: Measure =
    kind === 'counters'
      ? { kind: 'counter', points: ({ fields }, { n = 0 }) => [{ fields, value: n }] }
      : { kind: 'gauge', points: ({ fields, gauges }) => [{ fields, value: gauges?.['n'] ?? 0 }] };
  return {
    fields: ['zonename'],
    missing: needsFile(file),
    rows: zoneRows({
      controller: 'memory',
      kind,
      zonesAreParts,
      ofZone(machine, zone, version) {
        const n = ofZone(machine, zone, version);
        return n === undefined ? undefined : { n };
      },
      ofMachine: (machine) => ({ n: ofMachine(machine) }),
    }),
    measure,
  };
}

/** A number of /proc/meminfo, in bytes. */
export function meminfo({ files }: Machine, name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(files.read(MEMINFO) ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

export function vmstat({ files }: Machine, ...names: readonly string[]): number {
  const all = numbersIn(files.read(VMSTAT));
  return names.reduce((sum, name) => sum + (all.get(name) ?? 0), 0);
}

/** Numbers of a zone's memory.stat; version 1 counts its children in names of their own. */
export function memoryStat(
  { files }: Machine,
  { folder }: Zone,
  version: 1 | 2,
): (name: string) => number | undefined {
  const stat = numbersIn(files.read(`${folder}/memory.stat`));
  return (name) => stat.get(version === 1 ? `total_${name}` : name);
}

/** A limit in a file of its own: "max", or near 2^63 in version 1, is none. */
export function limitIn(files: Files, path: string): number | undefined {
  const limit = Number(files.read(path) ?? NaN);
  return limit > 0 && limit < 2 ** 62 ? limit : undefined;
}
