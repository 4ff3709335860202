/*
 * Arguments of the probes of our module for Node.js programs (deps/node-probes). In: nothing. Out: fields of requests.
 * Texts are cut there already, to 255 bytes.
 */
import { argument, userText } from './language/expression';
import { RUNNING } from './process';

const METHOD_BYTES = 24;
const URL_BYTES = 128;
const ROUTE_BYTES = 96;
export const ADDRESS_BYTES = 48;

/** In the order of native.httpd() and native.httpc() in preload.js. */
export const HTTP_FIELDS = {
  ...RUNNING,
  http_method: userText(argument(0), METHOD_BYTES),
  http_url: userText(argument(1), URL_BYTES),
  http_path: userText(argument(2), URL_BYTES),
  raddr: userText(argument(4), ADDRESS_BYTES),
  rport: argument(5),
  latency: argument(6),
  http_status: argument(7),
} as const;

/** For served requests also: the route template that the program's router has matched. */
export const http_route = userText(argument(8), ROUTE_BYTES);
