/* nic.bytes from kstat: bytes over each physical interface. */
import { NIC_BYTES } from '../../../metrics/measures';
import { LINK, isPhysical, linkCounters, nicOf } from '../links';
import type { KstatMetric } from '../metric';

export const nicBytes: KstatMetric = {
  metric: 'nic.bytes',
  fields: ['nic', 'direction'],
  select: LINK,
  filter: isPhysical,
  names: nicOf,
  counters: linkCounters,
  measure: NIC_BYTES,
};
