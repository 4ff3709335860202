/* fs.capacity: space of file systems. */
import type { MetricDescription } from '../language/description';
import type { Row } from '../../sources/snapshots';
import type { Machine } from '../../sources/proc/machine';
import { needsFile } from '../../sources/proc/metric';
import { diskMounts, MOUNTS } from '../../sources/proc/mounts';

/** Disks fill slowly. */
const SAME_NS = 2e9;

async function look({ files }: Machine): Promise<readonly Row[]> {
  const rows = await Promise.all(
    diskMounts(files).map(async ({ path, name, fstype }) => {
      try {
        const { total, free, available } = await files.space(path);
        const gauges = { used: total - free, available, reserved: free - available };
        return [{ key: name, fields: { mountpoint: name, fstype }, gauges }];
      } catch {
        return []; // unmounted meanwhile, or not accessible: the others still count
      }
    }),
  );
  return rows.flat();
}

export const capacity: MetricDescription = {
  module: 'fs',
  stat: 'capacity',
  label: 'space of file systems',
  question: 'Which file system is about to be full?',
  synonyms: ['df', 'disk full', 'disk space', 'free space', 'no space left', 'ENOSPC', 'inodes'],
  type: 'size',
  interval: 'point',
  forms: { space: { values: ['used', 'available', 'reserved'] } },
  fields: ['hostname', 'mountpoint', 'fstype', 'space'],
  // Bytes of each file system on a disk: used, available, and kept for root; together its size.
  proc: {
    fields: ['mountpoint', 'fstype', 'space'],
    missing: needsFile(MOUNTS),
    rows: (machine) => machine.once('fs.capacity', SAME_NS, () => look(machine)),
    measure: {
      kind: 'gauge',
      points: ({ fields, gauges }) =>
        Object.entries(gauges ?? {}).map(([space, value]) => ({ fields: { ...fields, space }, value })),
    },
  },
};
