/* fs.capacity: bytes of each file system on a disk: used, available, and kept for root; together its size. */
import type { Row } from '../../snapshots';
import type { Machine } from '../machine';
import { needsFile, type ProcMetric } from '../metric';
import { diskMounts, MOUNTS } from '../mounts';

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
        return []; // unmounted meanwhile, or not ours to see: the others still count
      }
    }),
  );
  return rows.flat();
}

export const fsCapacity: ProcMetric = {
  metric: 'fs.capacity',
  fields: ['mountpoint', 'fstype', 'space'],
  missing: needsFile(MOUNTS),
  rows: (machine) => machine.once('fs.capacity', SAME_NS, () => look(machine)),
  measure: {
    kind: 'gauge',
    points: ({ fields, gauges }) =>
      Object.entries(gauges ?? {}).map(([space, value]) => ({ fields: { ...fields, space }, value })),
  },
};
