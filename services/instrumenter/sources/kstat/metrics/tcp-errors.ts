/* tcp.errors from kstat: what went wrong, by instance of TCP (each zone with a stack of its own has one). */
import type { KstatMetric } from '../metric';

const ERRORS: Readonly<Record<string, string>> = {
  attemptFails: 'failed connection attempt',
  retransSegs: 'retransmitted segment',
  inDupAck: 'duplicate ACK',
  listenDrop: 'connection refused because backlog full',
  listenDropQ0: 'connection refused from full half-open queue',
  halfOpenDrop: 'connection dropped from a full half-open queue',
  timRetransDrop: 'connection dropped due to retransmit timeout',
};

export const tcpErrors: KstatMetric = {
  metric: 'tcp.errors',
  fields: ['tcpstack', 'errtype'],
  select: { module: 'tcp', class: 'mib2', name: 'tcp' },
  names: ({ instance }) => ({ tcpstack: String(instance) }),
  counters: (data) => Object.fromEntries(Object.keys(ERRORS).map((name) => [name, data(name)])),
  measure: {
    kind: 'counter',
    points: ({ fields }, increase) =>
      Object.entries(ERRORS).map(([name, errtype]) => ({
        fields: { ...fields, errtype },
        value: increase[name] ?? 0,
      })),
  },
};
