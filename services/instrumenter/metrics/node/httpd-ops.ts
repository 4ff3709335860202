/* node.httpd_ops: each HTTP request that a Node.js program has answered. */
import { span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, userText } from '../language/expression';
import { ADDRESS_BYTES, HTTP_FIELDS, http_route } from '../node-module';
import { CONNECTION, CONNECTION_OF_REQUEST, HTTP_ANSWERED, HTTP_STARTS, REQUEST } from '../node-program';
import { NODE, usdt, userMoment } from '../user';

export const httpdOps: MetricDescription = {
  module: 'node',
  stat: 'httpd_ops',
  label: 'HTTP server operations',
  question: 'Which URLs of the program are slow, and for whom?',
  synonyms: [
    'http',
    'https',
    'http server',
    'express',
    'fastify',
    'restify',
    'request',
    'response time',
    'route',
    'endpoint',
    'status code',
    '5xx',
    '4xx',
    'error rate',
    'nodejs',
    'api',
    'slow',
  ],
  misses: ['requests that the client gives up before the answer', 'the end of URLs longer than 127 bytes'],
  unit: 'operations',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'http_method',
    'http_url',
    'http_path',
    'http_route',
    'http_status',
    'http_origin',
    'raddr',
    'rport',
    'latency',
    'subsecond',
  ],
  bpf: {
    probes: [
      {
        at: userMoment(NODE, usdt('ca_node', 'httpd')),
        steps: [
          {
            kind: 'count',
            fields: { ...HTTP_FIELDS, http_route, http_origin: userText(argument(3), ADDRESS_BYTES) },
          },
        ],
      },
    ],
  },
  dtrace: {
    illumos: span({
      from: ['node*:::http-server-request'],
      to: ['node*:::http-server-response'],
      by: ['pid', `${CONNECTION_OF_REQUEST}->fd`],
      byAtEnd: ['pid', `${CONNECTION}->fd`],
      keep: { ...HTTP_STARTS, forwarded: `${REQUEST}->forwardedFor` },
      fields: {
        ...HTTP_ANSWERED,
        // The first address that forwarded it, else the sender.
        http_origin: `strlen({forwarded}) > 0 ? strtok({forwarded}, ",") : ${CONNECTION}->remoteAddress`,
      },
    }),
  },
};
