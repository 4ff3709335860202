/* tcp.errors: TCP's retransmissions, refusals and failures. */
import type { MetricDescription } from '../language/description';
import { needsFile } from '../../sources/proc/metric';
import { SNMP, tcpRows } from '../../sources/proc/tcp';

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

const ILLUMOS_ERRORS: Readonly<Record<string, string>> = {
  attemptFails: 'failed connection attempt',
  retransSegs: 'retransmitted segment',
  inDupAck: 'duplicate ACK',
  listenDrop: 'connection refused because backlog full',
  listenDropQ0: 'connection refused from full half-open queue',
  halfOpenDrop: 'connection dropped from a full half-open queue',
  timRetransDrop: 'connection dropped due to retransmit timeout',
};

export const errors: MetricDescription = {
  module: 'tcp',
  stat: 'errors',
  label: 'errors',
  question: 'Does TCP have to repeat, refuse or give up?',
  synonyms: [
    'network error',
    'reset',
    'RST',
    'refused',
    'failed connection',
    'listen overflow',
    'backlog',
    'listen drop',
    'syn flood',
    'netstat',
    'packet loss',
    'retransmission',
  ],
  misses: [
    'network namespaces without a program in them, or whose programs the instrumenter may not look at',
  ],
  unit: 'errors',
  interval: 'interval',
  forms: { errtype: { values: Object.values(ERRORS) } },
  fields: ['hostname', 'zonename', 'tcpstack', 'errtype'],
  // Errors by kind, with the names of the illumos metric where they fit.
  proc: {
    fields: ['zonename', 'tcpstack', 'errtype'],
    missing: needsFile(SNMP),
    rows: (machine) => tcpRows(machine, NAMES),
    measure: {
      kind: 'counter',
      points: ({ fields }, increase) =>
        Object.entries(increase).map(([name, value]) => ({
          fields: { ...fields, errtype: ERRORS[name] ?? name },
          value,
        })),
    },
  },
  // Errors by kind and by instance of TCP (each zone with its own stack has one).
  kstat: {
    fields: ['tcpstack', 'errtype'],
    select: { module: 'tcp', class: 'mib2', name: 'tcp' },
    names: ({ instance }) => ({ tcpstack: String(instance) }),
    counters: (data) => Object.fromEntries(Object.keys(ILLUMOS_ERRORS).map((name) => [name, data(name)])),
    measure: {
      kind: 'counter',
      points: ({ fields }, increase) =>
        Object.entries(ILLUMOS_ERRORS).map(([name, errtype]) => ({
          fields: { ...fields, errtype },
          value: increase[name] ?? 0,
        })),
    },
  },
};
