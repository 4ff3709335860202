/* tcp.errors from /proc/net/snmp and netstat: what went wrong, in the words of the illumos metric where they fit. */
import { needsFile, type ProcMetric } from '../metric';
import { SNMP, tcpRows } from '../tcp';

const ERRORS: Readonly<Record<string, string>> = {
  AttemptFails: 'failed connection attempt',
  EstabResets: 'connection reset',
  RetransSegs: 'retransmitted segment',
  InErrs: 'bad segment',
  TCPDSACKRecv: 'segment received twice by the peer',
  ListenOverflows: 'connection refused because backlog full',
  TCPReqQFullDrop: 'connection refused from full half-open queue',
  TCPAbortOnTimeout: 'connection dropped due to retransmit timeout',
  TCPAbortOnMemory: 'connection dropped for lack of memory',
};
const NAMES = Object.keys(ERRORS);

export const tcpErrors: ProcMetric = {
  metric: 'tcp.errors',
  fields: ['errtype'],
  missing: needsFile(SNMP),
  rows: (machine) => tcpRows(machine, NAMES),
  measure: {
    kind: 'counter',
    points: (_row, increase) =>
      Object.entries(increase).map(([name, value]) => ({
        fields: { errtype: ERRORS[name] ?? name },
        value,
      })),
  },
};
