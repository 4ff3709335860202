/* node.httpc_ops: each HTTP request that a Node.js program makes, once it is answered. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../clause';
import type { MetricDescription } from '../description';
import { HTTP_FIELDS } from '../node_module';
import { NODE, usdt, userMoment } from '../user';
import { CONNECTION, CONNECTION_OF_REQUEST, REQUEST } from '../node_program';

export const httpcOps: MetricDescription = {
  module: 'node',
  stat: 'httpc_ops',
  label: 'HTTP client operations',
  why: 'Which servers does the program wait for?',
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
    'raddr',
    'rport',
    'latency',
    'subsecond',
  ],
  bpf: {
    probes: [
      { at: userMoment(NODE, usdt('ca_node', 'httpc')), steps: [{ kind: 'count', fields: HTTP_FIELDS }] },
    ],
  },
  dtrace: {
    illumos: span({
      from: ['node*:::http-client-request'],
      to: ['node*:::http-client-response'],
      by: ['pid', `${CONNECTION_OF_REQUEST}->fd`],
      byAtEnd: ['pid', `${CONNECTION}->fd`],
      keep: {
        start: 'timestamp',
        method: `${REQUEST}->method`,
        url: `${REQUEST}->url`,
      },
      fields: {
        ...ILLUMOS_PROCESS,
        http_method: '{method}',
        http_url: '{url}',
        http_path: 'strtok({url}, "?")',
        raddr: `${CONNECTION}->remoteAddress`,
        rport: { integer: `${CONNECTION}->remotePort` },
        latency: SINCE_START,
      },
    }),
  },
};
