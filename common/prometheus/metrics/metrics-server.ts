/*
 * /metrics of a service without another HTTP server: on loopback, one resource, few connections. In: a port, and a source
 * of families. Out: a server that does not keep the process alive.
 */
import { createServer, type Server } from 'node:http';
import { isIP } from 'node:net';
import { CaError } from '../../service/errors';
import type { Log } from '../../service/log';
import { readTarget } from '../../http/target';
import type { Family } from './family';
import { scrapeReply } from './scrape';

const CONNECTIONS_MAX = 16;
const REQUEST_MS = 5000;

/** A port that is taken is only logged: /metrics must not stop the service. */
export function serveMetrics(port: number, families: () => readonly Family[], log: Log): Server {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      response.on('error', () => undefined); // the client is gone
      // No upgrade and no second request, which a proxy might parse differently.
      response.setHeader('Connection', 'close');
      try {
        const { method, path, host } = readTarget(request);
        // A web page can make its own name resolve to us (DNS rebinding), but not an address.
        if (isIP(host) === 0 && host !== 'localhost') throw new CaError('FORBIDDEN', 'ask for an address');
        if (path !== '/metrics') throw new CaError('NOT_FOUND', 'there is only /metrics');
        if (method !== 'GET' && method !== 'HEAD') {
          response.setHeader('Allow', 'GET, HEAD');
          throw new CaError('METHOD_NOT_ALLOWED', 'only GET is possible here');
        }
        const { bytes = '', contentType = '' } = scrapeReply(request.headers.accept, families());
        response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(bytes) });
        response.end(bytes);
      } catch (error) {
        const known = error instanceof CaError ? error : new CaError('INTERNAL');
        if (known !== error) log.error({ err: error }, 'metrics could not be made');
        response.writeHead(known.status, { 'Content-Type': 'text/plain; charset=utf-8' });
        response.end(`${known.message}\n`);
      }
    },
  );
  server.setTimeout(2 * REQUEST_MS);
  server.maxConnections = CONNECTIONS_MAX;
  server.on('error', (error) => {
    log.warn({ port, reason: error.message }, 'metrics cannot be served; CA_METRICS_PORT names another port');
  });
  server.listen(port, '127.0.0.1');
  server.unref();
  return server;
}
