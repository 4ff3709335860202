/* nic.packets: packets sent and received. */
import type { MetricDescription } from '../language/description';
import { NIC_PACKETS } from '../measures';
import { needsFile } from '../../sources/proc/metric';
import { NET_DEV, nicRows } from '../../sources/proc/nics';
import { LINK, isPhysical, linkCounters, nicOf } from '../../sources/kstat/links';

export const packets: MetricDescription = {
  module: 'nic',
  stat: 'packets',
  label: 'packets sent and received',
  question: 'How many packets go over the network, and over which interface?',
  synonyms: ['network', 'ethernet', 'udp', 'traffic', 'pps', 'packets per second', 'interface', 'eth0'],
  misses: [
    'interfaces of containers (nic.vnic_bytes has them); loopback, and others without hardware behind them',
  ],
  unit: 'packets',
  interval: 'interval',
  forms: { direction: { values: ['received', 'sent'] } },
  fields: ['hostname', 'nic', 'direction'],
  // Packets over each interface.
  proc: {
    fields: ['nic', 'direction'],
    missing: needsFile(NET_DEV),
    rows: nicRows,
    measure: NIC_PACKETS,
  },
  // Packets over each physical interface.
  kstat: {
    fields: ['nic', 'direction'],
    select: LINK,
    filter: isPhysical,
    names: nicOf,
    counters: linkCounters,
    measure: NIC_PACKETS,
  },
};
