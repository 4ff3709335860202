/* nic.packets from /proc/net/dev: packets over each interface. */
import { NIC_PACKETS } from '../../../metrics/measures';
import { needsFile, type ProcMetric } from '../metric';
import { NET_DEV, nicRows } from '../nics';

export const nicPackets: ProcMetric = {
  metric: 'nic.packets',
  fields: ['nic', 'direction'],
  missing: needsFile(NET_DEV),
  rows: nicRows,
  measure: NIC_PACKETS,
};
