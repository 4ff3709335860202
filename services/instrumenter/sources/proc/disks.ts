/*
 * Counters of the disks of this machine. In: /proc/diskstats, /sys/block. Out: a row for each whole, real disk.
 * Partitions and stacked devices (dm, md, loop) would count the same bytes twice.
 */
import type { Row } from '../snapshots';
import type { Files } from './files';
import type { Machine } from './machine';
import { columns, numberAt } from './metric';

export const DISKSTATS = '/proc/diskstats';

/** The unit of /proc/diskstats, whatever the disk's own sectors are. */
const SECTOR_BYTES = 512;

/** Columns as in Documentation/admin-guide/iostats.rst; the first three are major, minor, name. */
export function diskRows({ files }: Machine): Row[] {
  const real = new Set(files.list('/sys/block').filter((name) => isReal(files, name)));
  return (files.read(DISKSTATS) ?? '')
    .split('\n')
    .map(columns)
    .filter(([, , name]) => real.has(toSysName(name ?? '')))
    .map((parts) => ({
      key: parts[2] ?? '',
      fields: { disk: parts[2] ?? '' },
      counters: {
        reads: numberAt(parts, 3),
        bytesRead: numberAt(parts, 5) * SECTOR_BYTES,
        writes: numberAt(parts, 7),
        bytesWritten: numberAt(parts, 9) * SECTOR_BYTES,
        discards: numberAt(parts, 14),
        flushes: numberAt(parts, 18),
        busyNs: numberAt(parts, 12) * 1e6,
      },
    }));
}

/**
 * A disk of hardware (or of a hypervisor) has a device; loop, ram, zram, dm and md have none, nor has nbd, whose hardware
 * is elsewhere. A path of an NVMe disk that has several is hidden: the disk itself counts what goes over all of them.
 */
function isReal(files: Files, name: string): boolean {
  if (files.read(`/sys/block/${name}/hidden`)?.trim() === '1') return false;
  return /^nbd\d+$/.test(name) || files.list(`/sys/block/${name}/device`).length > 0;
}

/** A slash in a device's name (cciss/c0d0) is a '!' in /sys. */
function toSysName(name: string): string {
  return name.replaceAll('/', '!');
}
