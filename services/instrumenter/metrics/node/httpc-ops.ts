/* node.httpc_ops: each HTTP request that a Node.js program makes, once it is answered. */
import { span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { HTTP_FIELDS } from '../node-module';
import { CONNECTION, CONNECTION_OF_REQUEST, HTTP_ANSWERED, HTTP_STARTS } from '../node-program';
import { NODE, usdt, userMoment } from '../user';

export const httpcOps: MetricDescription = {
  module: 'node',
  stat: 'httpc_ops',
  label: 'HTTP client operations',
  question: 'Which servers does the program wait for?',
  synonyms: [
    'http',
    'https',
    'http client',
    'fetch',
    'axios',
    'request',
    'upstream',
    'response time',
    'outgoing',
    'nodejs',
    '5xx',
    '4xx',
    'slow',
  ],
  misses: [
    'requests that fail or are given up',
    'fetch() and other clients that do not use http.request',
    'the body of the answer: the time ends with its head',
    'the end of URLs longer than 127 bytes',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'http_method',
    'http_url',
    'http_path',
    'http_status',
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
      keep: HTTP_STARTS,
      fields: HTTP_ANSWERED,
    }),
  },
};
