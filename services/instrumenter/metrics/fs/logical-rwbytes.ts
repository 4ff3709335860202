/* fs.logical_rwbytes: the bytes that programs read and write. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { DISK_BYTES } from '../measures';
import { RUNNING } from '../process';
import { callsOf } from '../syscall/call';
import { ZONE_VFS, zoneOf } from '../../sources/kstat/zones';
import { fstype, isOfFileSystem, moved, optype, READS_AND_WRITES } from './read-write';

export const logicalRwbytes: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwbytes',
  label: 'logical bytes read/written',
  question: 'Which program or container reads and writes how much, cached or not?',
  synonyms: [
    'throughput',
    'bandwidth',
    'file io',
    'iotop',
    'bytes per process',
    'bytes per container',
    'read',
    'write',
  ],
  misses: ['io_uring, Linux AIO, splice', 'stores to mapped files'],
  type: 'size',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'subsecond'],
  bpf: {
    probes: callsOf(READS_AND_WRITES, {
      when: isOfFileSystem,
      amount: moved,
      fields: { ...RUNNING, fstype, optype },
    }),
  },
  // Logical reads and writes of each zone, cached or not, in bytes.
  kstat: {
    fields: ['zonename', 'optype'],
    select: ZONE_VFS,
    names: zoneOf,
    counters: (data) => ({ bytesRead: data('nread'), bytesWritten: data('nwritten') }),
    measure: DISK_BYTES,
  },
};
