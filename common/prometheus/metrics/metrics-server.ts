/*
 * /metrics of a service that has no other HTTP: on loopback, one resource, few connections. In: a port, and what makes the
 * families. Out: a server that does not keep the process alive.
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

/** A port that is taken is a line in the log: the service has more important things to do. */
export function serveMetrics(port: number, families: () => readonly Family[], log: Log): Server {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      response.on('error', () => undefined); // the client is gone
      // Not another protocol, and not another request that only one of us reads as one.
      response.setHeader('Connection', 'close');
      try {
        const { method, path, host } = readTarget(request);
        // A page can make a name of its own lead here (DNS rebinding); an address it cannot.
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
