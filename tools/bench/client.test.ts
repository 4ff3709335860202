import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asFastAsPossible, atRate } from './client';

let server: Server;
let url: string;
let answered: number;

beforeEach(async () => {
  answered = 0;
  server = createServer((request, response) => {
    answered++;
    if (request.url === '/missing') response.statusCode = 404;
    // In pieces, so that an answer never arrives as one.
    response.write('a'.repeat(1000));
    setImmediate(() => response.end('b'.repeat(1000)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('as many requests are counted as the server has answered, chunked ones too', async () => {
  const { latencies, failed, perSecond } = await asFastAsPossible(`${url}/chunked`, 4, 200);
  expect(failed).toBe(0);
  expect(latencies).toHaveLength(answered);
  expect(perSecond).toBeGreaterThan(0);
});

test('answers with a length are read to their end', async () => {
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    answered++;
    response.setHeader('Content-Length', 2000);
    response.write('a'.repeat(1000));
    setImmediate(() => response.end('b'.repeat(1000)));
  });
  const { latencies, failed } = await asFastAsPossible(url, 2, 100);
  expect([latencies.length, failed]).toEqual([answered, 0]);
});

test('whatever is not 200 has failed', async () => {
  const { latencies, failed } = await asFastAsPossible(`${url}/missing`, 1, 50);
  expect(failed).toBe(latencies.length);
});

test('at a rate, so many requests are sent, no matter how slow the answers are', async () => {
  const { latencies } = await atRate(url, 200, 250);
  expect([latencies.length, answered]).toEqual([50, 50]);
});

test('a server that goes away is an error, not an endless wait', async () => {
  server.removeAllListeners('request');
  server.on('request', (request) => request.socket.destroy());
  await expect(asFastAsPossible(url, 1, 1000)).rejects.toThrow(/closed|ECONNRESET/);
});
