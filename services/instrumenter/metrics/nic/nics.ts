/* nic.nics: NICs. */
import type { MetricDescription } from '../language/description';
import { NICS } from '../measures';
import { needsFile } from '../../sources/proc/metric';
import { NET_DEV, nicRows } from '../../sources/proc/nics';
import { LINK, isPhysical, linkCounters, nicOf } from '../../sources/kstat/links';

export const nics: MetricDescription = {
  module: 'nic',
  stat: 'nics',
  label: 'NICs',
  question: 'Is one network interface busier than the others?',
  synonyms: ['network', 'ethernet', 'interface', 'eth0', 'throughput', 'bandwidth'],
  misses: [
    'interfaces of containers (nic.vnic_bytes has them); loopback, and others without hardware behind them',
  ],
  unit: 'NICs',
  interval: 'point',
  fields: ['hostname', 'nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
  // One point per network interface, by what went over it per second.
  proc: {
    fields: ['nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
    missing: needsFile(NET_DEV),
    rows: nicRows,
    measure: NICS,
  },
  // One point per physical interface, by what went over it per second.
  kstat: {
    fields: ['nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
    select: LINK,
    filter: isPhysical,
    names: nicOf,
    counters: linkCounters,
    measure: NICS,
  },
};
