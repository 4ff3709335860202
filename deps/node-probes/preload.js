/*
 * Makes a Node.js program visible: node --require …/deps/node-probes/preload.js program.js (or in NODE_OPTIONS).
 * In: what Node.js says of HTTP requests and of garbage collection. Out: USDT probes of build/ca-probes.node, which the
 * metrics node.httpd_ops, node.httpc_ops and node.gc_ops count. The program is never disturbed: without the native half,
 * or on an old Node.js, nothing happens; and nothing is looked up while nobody watches.
 */
'use strict';
const { performance, PerformanceObserver } = require('node:perf_hooks');

const START = Symbol('start of the request');
const ROUTE = Symbol('route of the request');
const NS_PER_MS = 1e6;
/** What is behind is cut anyway. */
const PATH_LENGTH = 255;
/** A part of a path that is a number, a UUID, or 16 and more hexadecimal digits. */
const IDENTIFIER = /\/(?:[0-9]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})(?=\/|$)/gi;
const since = (start) => (performance.now() - start) * NS_PER_MS;

function load() {
  try {
    return require('./build/ca-probes.node');
  } catch {
    return undefined;
  }
}

function watch(native) {
  const channels = require('node:diagnostics_channel');
  const on = (name, handle) => channels.channel(name).subscribe(handle);
  const begin = ({ request }) => {
    request[START] = performance.now();
  };
  on('http.server.request.start', begin);
  // Fastify tells the route to whoever listens; its requests wrap those of Node.js.
  on('tracing:fastify.request.handler:start', ({ request, route }) => {
    if (request?.raw !== undefined && typeof route?.url === 'string') request.raw[ROUTE] = route.url;
  });
  on('http.server.response.finish', ({ request, response, socket }) => {
    if (request[START] === undefined || !native.watched()) return;
    const { method = '', url = '', headers } = request;
    const remote = socket?.remoteAddress ?? '';
    const forwarded = String(headers?.['x-forwarded-for'] ?? '')
      .split(',', 1)[0]
      .trim();
    native.httpd(
      method,
      url,
      pathOf(url),
      forwarded || remote,
      remote,
      socket?.remotePort ?? 0,
      since(request[START]),
      response?.statusCode ?? 0,
      routeOf(request, pathOf(url)),
    );
    request[START] = undefined;
  });
  on('http.client.request.start', begin);
  on('http.client.response.finish', ({ request, response }) => {
    if (request[START] === undefined || !native.watched()) return;
    const { method = '', path = '', socket } = request;
    const remote = socket?.remoteAddress ?? '';
    const status = response?.statusCode ?? 0;
    native.httpc(
      method,
      path,
      pathOf(path),
      '',
      remote,
      socket?.remotePort ?? 0,
      since(request[START]),
      status,
    );
    request[START] = undefined;
  });
  new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries()) native.gc(detail?.kind ?? 0, duration * NS_PER_MS);
  }).observe({ entryTypes: ['gc'] });
}

/** The template that the router has matched (Express, Restify, Fastify); else the path with its identifiers left out. */
function routeOf(request, path) {
  try {
    const told = request[ROUTE] ?? request.route?.path ?? request.route?.spec?.path;
    if (told !== undefined) return `${request.baseUrl ?? ''}${told}`;
  } catch {
    // A program's own getter.
  }
  return path.slice(0, PATH_LENGTH).replace(IDENTIFIER, '/:id');
}

function pathOf(url) {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

const native = load();
if (native !== undefined) watch(native);
