/* nic.vnic_packets: VNIC packets sent and received. */
import type { MetricDescription } from '../language/description';
import { NIC_PACKETS } from '../measures';
import { needsFile } from '../../sources/proc/metric';
import { NET_DEV, vnicRows } from '../../sources/proc/nics';
import { LINK, isOfZone, linkCounters } from '../../sources/kstat/links';
import { zoneOf } from '../../sources/kstat/zones';

export const vnicPackets: MetricDescription = {
  module: 'nic',
  stat: 'vnic_packets',
  label: 'VNIC packets sent and received',
  question: 'Which zone moves how many packets over the network?',
  synonyms: ['network', 'traffic', 'pps', 'container', 'zone'],
  unit: 'packets',
  misses: [
    'containers that share the network of the machine; namespaces whose programs the instrumenter may not look at',
  ],
  interval: 'interval',
  fields: ['hostname', 'zonename', 'direction'],
  // Over the interfaces of each container’s own network namespace.
  proc: {
    fields: ['zonename', 'direction'],
    missing: needsFile(NET_DEV),
    rows: vnicRows,
    measure: NIC_PACKETS,
  },
  // Packets over the virtual interfaces of each zone.
  kstat: {
    fields: ['zonename', 'direction'],
    select: LINK,
    filter: isOfZone,
    names: zoneOf,
    counters: linkCounters,
    measure: NIC_PACKETS,
  },
};
