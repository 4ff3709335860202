/* nic.bytes from /proc/net/dev: bytes over each interface, as the kernel counts them (with link-level headers). */
import { NIC_BYTES } from '../../../metrics/measures';
import { needsFile, type ProcMetric } from '../metric';
import { NET_DEV, nicRows } from '../nics';

export const nicBytes: ProcMetric = {
  metric: 'nic.bytes',
  fields: ['nic', 'direction'],
  missing: needsFile(NET_DEV),
  rows: nicRows,
  measure: NIC_BYTES,
};
