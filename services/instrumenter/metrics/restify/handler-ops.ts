/* restify.handler_ops: each handler that a restify server has run for a request. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';

export const handlerOps: MetricDescription = {
  module: 'restify',
  stat: 'handler_ops',
  label: 'handler operations',
  question: 'Which step of which route is slow?',
  synonyms: ['http', 'restify', 'route', 'handler', 'middleware', 'nodejs', 'slow'],
  unit: 'operations',
  interval: 'interval',
  fields: [...FAMILY_FIELDS, 'restify_sname', 'restify_rname', 'restify_hname', 'latency'],
  dtrace: {
    illumos: span({
      from: ['restify*:::handler-start'],
      to: ['restify*:::handler-done'],
      // Server, route, handler, request.
      by: ['pid', 'arg3'],
      keep: { start: 'timestamp' },
      fields: {
        ...ILLUMOS_PROCESS,
        restify_sname: 'copyinstr(arg0)',
        restify_rname: 'copyinstr(arg1)',
        restify_hname: 'copyinstr(arg2)',
        latency: SINCE_START,
      },
    }),
  },
};
