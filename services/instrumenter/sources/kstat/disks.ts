/* Disks. In: I/O statistics of class disk. Out: counters by the names of measures.ts. */
import type { Fields } from '../points';
import type { Numbers } from '../snapshots';
import type { Data } from './metric';
import type { Kstat } from './reader';

export const DISK_CLASS = { class: 'disk' } as const;

/** Drivers of whole disks: SCSI, SATA and IDE, and what NVMe and virtio disks share. */
const DRIVERS = new Set(['sd', 'cmdk', 'blkdev']);

export const isDisk = ({ module }: Kstat): boolean => DRIVERS.has(module);

export const diskOf = ({ name }: Kstat): Fields => ({ disk: name });

export const diskCounters = (data: Data): Numbers => ({
  reads: data('reads'),
  writes: data('writes'),
  bytesRead: data('nread'),
  bytesWritten: data('nwritten'),
  busyNs: data('rtime'),
});
