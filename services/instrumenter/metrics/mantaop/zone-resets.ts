/* mantaop.zone_resets: each zone that a Manta agent has made ready again. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const zoneResets: MetricDescription = {
  module: 'mantaop',
  stat: 'zone_resets',
  label: 'zone resets',
  question: 'How long is a zone out of use between two tasks?',
  synonyms: ['manta'],
  unit: 'resets',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'errname', 'latency'],
  dtrace: {
    illumos: span({
      from: ['marlin-agent*:::zone-reset-start'],
      to: ['marlin-agent*:::zone-reset-done'],
      by: ['pid', 'copyinstr(arg0)'],
      keep: { start: 'timestamp' },
      fields: {
        // The zone that is reset; the agent itself is in the global one.
        zonename: 'copyinstr(arg0)',
        errname: 'copyinstr(arg1)',
        latency: SINCE_START,
      },
    }),
  },
};
