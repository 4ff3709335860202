/* nic.nics from /proc/net/dev: one point per network interface, by what went over it per second. */
import { NICS } from '../../../metrics/measures';
import { needsFile, type ProcMetric } from '../metric';
import { NET_DEV, nicRows } from '../nics';

export const nicNics: ProcMetric = {
  metric: 'nic.nics',
  fields: ['nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
  missing: needsFile(NET_DEV),
  rows: nicRows,
  measure: NICS,
};
