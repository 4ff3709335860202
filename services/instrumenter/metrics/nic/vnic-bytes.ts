/* nic.vnic_bytes: VNIC bytes sent and received. */
import type { MetricDescription } from '../language/description';
import { NIC_BYTES } from '../measures';
import { LINK, isOfZone, linkCounters } from '../../sources/kstat/links';
import { zoneOf } from '../../sources/kstat/zones';

export const vnicBytes: MetricDescription = {
  module: 'nic',
  stat: 'vnic_bytes',
  label: 'VNIC bytes sent and received',
  question: 'Which zone moves how much over the network?',
  synonyms: ['network', 'throughput', 'bandwidth', 'traffic', 'container', 'zone'],
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'direction'],
  // Bytes over the virtual interfaces of each zone.
  kstat: {
    fields: ['zonename', 'direction'],
    select: LINK,
    filter: isOfZone,
    names: zoneOf,
    counters: linkCounters,
    measure: NIC_BYTES,
  },
};
