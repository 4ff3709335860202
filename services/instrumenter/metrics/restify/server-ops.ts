/* restify.server_ops: each request that a restify server has answered. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';

export const serverOps: MetricDescription = {
  module: 'restify',
  stat: 'server_ops',
  label: 'server operations',
  question: 'Which routes are slow, and how do they end?',
  synonyms: ['http', 'restify', 'route', 'status code', 'nodejs', 'slow'],
  unit: 'operations',
  interval: 'interval',
  fields: [
    ...FAMILY_FIELDS,
    'restify_sname',
    'restify_rname',
    'http_url',
    'http_method',
    'http_status',
    'latency',
  ],
  dtrace: {
    illumos: span({
      from: ['restify*:::route-start'],
      to: ['restify*:::route-done'],
      // Server, route, request; then method and URL at the beginning, the status at the end.
      by: ['pid', 'arg2'],
      keep: { start: 'timestamp', method: 'copyinstr(arg3)', url: 'copyinstr(arg4)' },
      fields: {
        ...ILLUMOS_PROCESS,
        restify_sname: 'copyinstr(arg0)',
        restify_rname: 'copyinstr(arg1)',
        http_url: '{url}',
        http_method: '{method}',
        http_status: { integer: 'arg3' },
        latency: SINCE_START,
      },
    }),
  },
};
