/* tcp.segments from /proc/net/snmp: segments received, and sent without the repeated ones (RFC 4022). */
import { needsFile, type ProcMetric } from '../metric';
import { SNMP, tcpRows } from '../tcp';

export const tcpSegments: ProcMetric = {
  metric: 'tcp.segments',
  fields: ['direction'],
  missing: needsFile(SNMP),
  rows: (machine) => tcpRows(machine, ['InSegs', 'OutSegs']),
  measure: {
    kind: 'counter',
    points: (_row, { InSegs = 0, OutSegs = 0 }) => [
      { fields: { direction: 'received' }, value: InSegs },
      { fields: { direction: 'sent' }, value: OutSegs },
    ],
  },
};
