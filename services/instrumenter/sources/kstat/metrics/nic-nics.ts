/* nic.nics from kstat: one point per physical interface, by what went over it per second. */
import { NICS } from '../../../metrics/measures';
import { LINK, isPhysical, linkCounters, nicOf } from '../links';
import type { KstatMetric } from '../metric';

export const nicNics: KstatMetric = {
  metric: 'nic.nics',
  fields: ['nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
  select: LINK,
  filter: isPhysical,
  names: nicOf,
  counters: linkCounters,
  measure: NICS,
};
