/* tcp.segments from kstat: segments received and sent, by instance of TCP. */
import type { KstatMetric } from '../metric';

export const tcpSegments: KstatMetric = {
  metric: 'tcp.segments',
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
};
