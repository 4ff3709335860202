/*
 * /metrics of a service that has no other HTTP: on loopback, one resource, few connections. In: a port, and what makes the
 * families. Out: a server that does not keep the process alive.
 */
import { createServer, type Server } from 'node:http';
import type { Log } from '../../service/log';
import type { Family } from './family';
import { scrapeReply } from './scrape';

const CONNECTIONS_MAX = 16;
const REQUEST_MS = 5000;

/** A port that is taken is a line in the log: the service has more important things to do. */
export function serveMetrics(port: number, families: () => readonly Family[], log: Log): Server {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      const found = request.url === '/metrics';
      if (!found || (request.method !== 'GET' && request.method !== 'HEAD')) {
        response.writeHead(found ? 405 : 404, {
          'Content-Type': 'text/plain; charset=utf-8',
          ...(found ? { Allow: 'GET, HEAD' } : {}),
        });
        response.end(found ? 'only GET is possible here\n' : 'there is only /metrics\n');
        return;
      }
      const { bytes = '', contentType = '' } = scrapeReply(request.headers.accept, families());
      response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(bytes) });
      response.end(bytes);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('error', (error) => {
    log.warn({ port, reason: error.message }, 'metrics cannot be served; CA_METRICS_PORT names another port');
  });
  server.listen(port, '127.0.0.1');
  server.unref();
  return server;
}
