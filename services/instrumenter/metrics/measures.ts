/*
 * Measures of disks and network interfaces, for all sources (/proc, kstat). In: rows whose counters have the
 * names used here. Out: measures (snapshots.ts). Rates are per second, whatever the time between two snapshots.
 *
 * Disks: reads, writes, flushes, discards, bytesRead, bytesWritten, busyNs. Interfaces: packetsIn, packetsOut, bytesIn, bytesOut.
 * A counter `snaptime` of a row, in nanoseconds, is used as the time when the row was read.
 */
import type { Measure, Numbers } from '../sources/snapshots';

function ratesOf(increase: Numbers, nanoseconds: number): (count: number) => number {
  const passed = increase['snaptime'] ?? nanoseconds;
  return (count) => (passed === 0 ? 0 : Math.round((count * 1e9) / passed));
}

/** Two points of one row, which differ in a field; how much each counts. */
function splitBy(field: string, sides: Readonly<Record<string, string>>): Measure {
  return {
    kind: 'counter',
    points: ({ fields }, increase) =>
      Object.entries(sides).map(([side, counter]) => ({
        fields: { ...fields, [field]: side },
        value: increase[counter] ?? 0,
      })),
  };
}

export const DISK_OPS = splitBy('optype', { read: 'reads', write: 'writes' });
/** By kind. The kernel counts a flush without data also as an empty write. */
export const DISK_REQUESTS: Measure = {
  kind: 'counter',
  points: ({ fields }, { reads = 0, writes = 0, flushes = 0, discards = 0 }) =>
    Object.entries({
      read: reads,
      write: Math.max(writes - flushes, 0),
      flush: flushes,
      discard: discards,
    }).map(([optype, value]) => ({ fields: { ...fields, optype }, value })),
};
export const DISK_BYTES = splitBy('optype', { read: 'bytesRead', write: 'bytesWritten' });
export const NIC_PACKETS = splitBy('direction', { received: 'packetsIn', sent: 'packetsOut' });
export const NIC_BYTES = splitBy('direction', { received: 'bytesIn', sent: 'bytesOut' });

export const DISKS: Measure = {
  kind: 'counter',
  points({ fields }, increase, nanoseconds) {
    const { reads = 0, writes = 0, bytesRead = 0, bytesWritten = 0, busyNs = 0 } = increase;
    const rate = ratesOf(increase, nanoseconds);
    const numbers = {
      iops: rate(reads + writes),
      iops_read: rate(reads),
      iops_write: rate(writes),
      bytes: rate(bytesRead + bytesWritten),
      bytes_read: rate(bytesRead),
      bytes_write: rate(bytesWritten),
      // Linux counts whole milliseconds: a busy disk may reach 1001 of them in a second.
      busytime: percent(busyNs, increase['snaptime'] ?? nanoseconds),
    };
    return [{ fields: { ...fields, ...numbers }, value: 1 }];
  },
};

export const NICS: Measure = {
  kind: 'counter',
  points({ fields }, increase, nanoseconds) {
    const { packetsIn = 0, packetsOut = 0, bytesIn = 0, bytesOut = 0 } = increase;
    const rate = ratesOf(increase, nanoseconds);
    const numbers = {
      packets: rate(packetsIn + packetsOut),
      packets_in: rate(packetsIn),
      packets_out: rate(packetsOut),
      bytes: rate(bytesIn + bytesOut),
      bytes_read: rate(bytesIn),
      bytes_write: rate(bytesOut),
    };
    return [{ fields: { ...fields, ...numbers }, value: 1 }];
  },
};

/** Whole percent, at most 100. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(Math.floor((100 * part) / whole), 100);
}
