/* nic.vnic_packets from kstat: packets over the virtual interfaces of each zone. */
import { NIC_PACKETS } from '../../../metrics/measures';
import { LINK, isOfZone, linkCounters } from '../links';
import type { KstatMetric } from '../metric';
import { zoneOf } from '../zones';

export const nicVnicPackets: KstatMetric = {
  metric: 'nic.vnic_packets',
  fields: ['zonename', 'direction'],
  select: LINK,
  filter: isOfZone,
  names: zoneOf,
  counters: linkCounters,
  measure: NIC_PACKETS,
};
