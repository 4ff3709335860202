/* nic.vnic_bytes from kstat: bytes over the virtual interfaces of each zone. */
import { NIC_BYTES } from '../../../metrics/measures';
import { LINK, isOfZone, linkCounters } from '../links';
import type { KstatMetric } from '../metric';
import { zoneOf } from '../zones';

export const nicVnicBytes: KstatMetric = {
  metric: 'nic.vnic_bytes',
  fields: ['zonename', 'direction'],
  select: LINK,
  filter: isOfZone,
  names: zoneOf,
  counters: linkCounters,
  measure: NIC_BYTES,
};
