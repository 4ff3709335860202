/*
 * What the DTrace probes of Node.js hand over, by the translators of node.d (on illumos, or with Node.js up to 18).
 * In: nothing. Out: D text for descriptions of module node.
 */
import type { D } from './clause';

/** Of a probe whose first argument is the connection. */
export const CONNECTION: D = '(xlate <node_connection_t *>((node_dtrace_connection_t *)arg0))';
/** Of a probe that begins a request: the connection comes second. */
export const CONNECTION_OF_REQUEST: D = '(xlate <node_connection_t *>((node_dtrace_connection_t *)arg1))';
export const REQUEST: D = '(xlate <node_http_request_t *>((node_dtrace_http_request_t *)arg0))';
