/* apache.httpd_ops: each request that an Apache server has answered. Needs its DTrace module (provider httpd). */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';

const REQUEST = '(xlate <httpd_rqinfo_t *>((dthttpd_t *)arg0))';

export const apacheHttpdOps: MetricDescription = {
  module: 'apache',
  stat: 'httpd_ops',
  label: 'HTTP requests',
  question: 'Which URLs of the web server are slow, and for whom?',
  synonyms: ['http', 'https', 'web server', 'request', 'response time', 'url', 'apache', 'httpd', 'slow'],
  unit: 'requests',
  interval: 'interval',
  fields: [...FAMILY_FIELDS, 'http_method', 'http_url', 'http_path', 'raddr', 'rport', 'latency'],
  dtrace: {
    illumos: span({
      from: ['httpd*:::request-start'],
      to: ['httpd*:::request-done'],
      by: 'thread',
      keep: { start: 'timestamp' },
      fields: {
        ...ILLUMOS_PROCESS,
        http_method: `${REQUEST}->rq_method`,
        http_url: `${REQUEST}->rq_uri`,
        http_path: `strtok(${REQUEST}->rq_uri, "?")`,
        raddr: '(xlate <conninfo_t *>((dthttpd_t *)arg0))->ci_remote',
        // A port above 32767 would come out negative.
        rport: { integer: `(uint16_t)${REQUEST}->rq_rport` },
        latency: SINCE_START,
      },
    }),
  },
};
