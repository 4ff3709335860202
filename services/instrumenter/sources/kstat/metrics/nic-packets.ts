/* nic.packets from kstat: packets over each physical interface. */
import { NIC_PACKETS } from '../../../metrics/measures';
import { LINK, isPhysical, linkCounters, nicOf } from '../links';
import type { KstatMetric } from '../metric';

export const nicPackets: KstatMetric = {
  metric: 'nic.packets',
  fields: ['nic', 'direction'],
  select: LINK,
  filter: isPhysical,
  names: nicOf,
  counters: linkCounters,
  measure: NIC_PACKETS,
};
