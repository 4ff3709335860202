/*
 * Arguments of the DTrace probes of Node.js, through the translators of node.d (on illumos, or with Node.js up to 18).
 * In: nothing. Out: D text for descriptions of module node.
 */
import { ILLUMOS_PROCESS, SINCE_START, type D } from './language/clause';

/** Of a probe whose first argument is the connection. */
export const CONNECTION: D = '(xlate <node_connection_t *>((node_dtrace_connection_t *)arg0))';
/** Of a probe that begins a request: the connection comes second. */
export const CONNECTION_OF_REQUEST: D = '(xlate <node_connection_t *>((node_dtrace_connection_t *)arg1))';
export const REQUEST: D = '(xlate <node_http_request_t *>((node_dtrace_http_request_t *)arg0))';

/** The beginning of a request, and the fields that are kept until it is answered. */
export const HTTP_STARTS = {
  start: 'timestamp',
  method: `${REQUEST}->method`,
  url: `${REQUEST}->url`,
} as const;
export const HTTP_ANSWERED = {
  ...ILLUMOS_PROCESS,
  http_method: '{method}',
  http_url: '{url}',
  http_path: 'strtok({url}, "?")',
  raddr: `${CONNECTION}->remoteAddress`,
  rport: { integer: `${CONNECTION}->remotePort` },
  latency: SINCE_START,
} as const;
