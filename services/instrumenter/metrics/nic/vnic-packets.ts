/* nic.vnic_packets: VNIC packets sent and received. */
import type { MetricDescription } from '../language/description';
import { NIC_PACKETS } from '../measures';
import { LINK, isOfZone, linkCounters } from '../../sources/kstat/links';
import { zoneOf } from '../../sources/kstat/zones';

export const vnicPackets: MetricDescription = {
  module: 'nic',
  stat: 'vnic_packets',
  label: 'VNIC packets sent and received',
  question: 'Which zone moves how many packets over the network?',
  synonyms: ['network', 'traffic', 'pps', 'container', 'zone'],
  unit: 'packets',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'direction'],
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
