/*
 * Makes a Node.js program visible: node --require …/deps/node-probes/preload.js program.js (or in NODE_OPTIONS).
 * In: what Node.js says of HTTP requests and of garbage collection. Out: USDT probes of build/ca-probes.node, which the
 * metrics node.httpd_ops, node.httpc_ops and node.gc_ops count. The program is never disturbed: without the native half,
 * or on an old Node.js, nothing happens.
 */
'use strict';
const { performance, PerformanceObserver } = require('node:perf_hooks');

const START = Symbol('start of the request');
const NS_PER_MS = 1e6;
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
  on('http.server.response.finish', ({ request, socket }) => {
    if (request[START] === undefined) return;
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
    );
    request[START] = undefined;
  });
  on('http.client.request.start', begin);
  on('http.client.response.finish', ({ request }) => {
    if (request[START] === undefined) return;
    const { method = '', path = '', socket } = request;
    const remote = socket?.remoteAddress ?? '';
    native.httpc(method, path, pathOf(path), '', remote, socket?.remotePort ?? 0, since(request[START]));
    request[START] = undefined;
  });
  new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries()) native.gc(detail?.kind ?? 0, duration * NS_PER_MS);
  }).observe({ entryTypes: ['gc'] });
}

function pathOf(url) {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

const native = load();
if (native !== undefined) watch(native);
