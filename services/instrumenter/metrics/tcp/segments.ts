/* tcp.segments: segments. */
import type { MetricDescription } from '../language/description';
import { needsFile } from '../../sources/proc/metric';
import { SNMP, tcpRows } from '../../sources/proc/tcp';

export const segments: MetricDescription = {
  module: 'tcp',
  stat: 'segments',
  label: 'segments',
  question: 'How many TCP segments come and go?',
  synonyms: ['network', 'traffic', 'packets', 'throughput', 'netstat'],
  misses: [
    'network namespaces without a program in them, or whose programs the instrumenter may not look at',
  ],
  unit: 'segments',
  interval: 'interval',
  forms: { direction: { values: ['received', 'sent'] } },
  fields: ['hostname', 'zonename', 'tcpstack', 'direction'],
  // Segments received, and sent without retransmissions (RFC 4022).
  proc: {
    fields: ['zonename', 'tcpstack', 'direction'],
    missing: needsFile(SNMP),
    rows: (machine) => tcpRows(machine, ['InSegs', 'OutSegs']),
    measure: {
      kind: 'counter',
      points: ({ fields }, { InSegs = 0, OutSegs = 0 }) => [
        { fields: { ...fields, direction: 'received' }, value: InSegs },
        { fields: { ...fields, direction: 'sent' }, value: OutSegs },
      ],
    },
  },
  // Segments received and sent, by instance of TCP.
  kstat: {
    fields: ['tcpstack', 'direction'],
    select: { module: 'tcp', class: 'mib2', name: 'tcp' },
    names: ({ instance }) => ({ tcpstack: String(instance) }),
    counters: (data) => ({ received: data('inSegs'), sent: data('outSegs') }),
    measure: {
      kind: 'counter',
      points: ({ fields }, increase) =>
        ['received', 'sent'].map((direction) => ({
          fields: { ...fields, direction },
          value: increase[direction] ?? 0,
        })),
    },
  },
};
