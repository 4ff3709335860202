/* node.httpd_ops: each HTTP request that a Node.js program has answered. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../clause';
import type { MetricDescription } from '../description';
import { argument, userText } from '../expression';
import { ADDRESS_BYTES, HTTP_FIELDS } from '../node_module';
import { userMoment, NODE, usdt } from '../user';
import { CONNECTION, CONNECTION_OF_REQUEST, REQUEST } from '../node_program';

export const httpdOps: MetricDescription = {
  module: 'node',
  stat: 'httpd_ops',
  label: 'HTTP server operations',
  why: 'Which URLs of the program are slow, and for whom?',
  unit: 'operations',
  interval: 'interval',
  fields: [
    'hostname',
    'zonename',
    'pid',
    'execname',
    'psargs',
    'ppid',
    'pexecname',
    'ppsargs',
    'http_method',
    'http_url',
    'http_path',
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
          { kind: 'count', fields: { ...HTTP_FIELDS, http_origin: userText(argument(3), ADDRESS_BYTES) } },
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
      keep: {
        start: 'timestamp',
        method: `${REQUEST}->method`,
        url: `${REQUEST}->url`,
        forwarded: `${REQUEST}->forwardedFor`,
      },
      fields: {
        ...ILLUMOS_PROCESS,
        http_method: '{method}',
        http_url: '{url}',
        http_path: 'strtok({url}, "?")',
        // The first of those who forwarded it, else who sent it.
        http_origin: `strlen({forwarded}) > 0 ? strtok({forwarded}, ",") : ${CONNECTION}->remoteAddress`,
        raddr: `${CONNECTION}->remoteAddress`,
        rport: { integer: `${CONNECTION}->remotePort` },
        latency: SINCE_START,
      },
    }),
  },
};
