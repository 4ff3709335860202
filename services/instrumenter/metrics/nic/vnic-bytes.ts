/* nic.vnic_bytes: VNIC bytes sent and received. */
import type { MetricDescription } from '../language/description';
import { NIC_BYTES } from '../measures';
import { needsFile } from '../../sources/proc/metric';
import { NET_DEV, vnicRows } from '../../sources/proc/nics';
import { LINK, isOfZone, linkCounters } from '../../sources/kstat/links';
import { zoneOf } from '../../sources/kstat/zones';

export const vnicBytes: MetricDescription = {
  module: 'nic',
  stat: 'vnic_bytes',
  label: 'VNIC bytes sent and received',
  question: 'Which zone moves how much over the network?',
  synonyms: ['network', 'throughput', 'bandwidth', 'traffic', 'container', 'zone'],
  type: 'size',
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
    measure: NIC_BYTES,
  },
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
