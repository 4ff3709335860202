/* nic.bytes: bytes over each network interface. */
import type { MetricDescription } from '../language/description';
import { NIC_BYTES } from '../measures';
import { needsFile } from '../../sources/proc/metric';
import { NET_DEV, nicRows } from '../../sources/proc/nics';
import { LINK, isPhysical, linkCounters, nicOf } from '../../sources/kstat/links';

export const bytes: MetricDescription = {
  module: 'nic',
  stat: 'bytes',
  label: 'bytes sent and received',
  question: 'How much goes over the network, and over which interface?',
  synonyms: [
    'network',
    'ethernet',
    'udp',
    'throughput',
    'bandwidth',
    'traffic',
    'interface',
    'eth0',
    'mbit/s',
    'iftop',
    'sar',
  ],
  misses: [
    'interfaces of containers (nic.vnic_bytes has them); loopback, and others without hardware behind them',
  ],
  type: 'size',
  interval: 'interval',
  forms: { direction: { values: ['received', 'sent'] } },
  fields: ['hostname', 'nic', 'direction'],
  // Bytes over each interface, as the kernel counts them (with link-level headers).
  proc: {
    fields: ['nic', 'direction'],
    missing: needsFile(NET_DEV),
    rows: nicRows,
    measure: NIC_BYTES,
  },
  // Bytes over each physical interface.
  kstat: {
    fields: ['nic', 'direction'],
    select: LINK,
    filter: isPhysical,
    names: nicOf,
    counters: linkCounters,
    measure: NIC_BYTES,
  },
};
