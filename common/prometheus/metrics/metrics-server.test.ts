import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { SILENT } from '../../service/log';
import { serveMetrics } from './metrics-server';
import type { Family } from './family';

let server: Server;
let families: () => readonly Family[];
beforeEach(async () => {
  families = () => [];
  server = serveMetrics(0, () => families(), SILENT);
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
});
afterEach(() => server.close());

/** Everything the server sends until it closes. */
function talk(head: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.on('data', (piece) => (text += piece.toString()));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(text);
    });
    socket.write(`${head}\r\n\r\n`);
  });
}

test.each([
  ['GET /metrics HTTP/1.1\r\nHost: localhost', 200],
  ['HEAD /metrics HTTP/1.1\r\nHost: 127.0.0.1:9', 200],
  ['GET /metrics?x=1 HTTP/1.1\r\nHost: [::1]:9', 200],
  ['POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0', 405],
  ['GET /metrics/../x HTTP/1.1\r\nHost: localhost', 404],
  ['GET / HTTP/1.1\r\nHost: localhost', 404],
  ['GET /metrics HTTP/1.1\r\nHost: evil.example', 403],
  ['GET /metrics HTTP/1.1\r\nHost: localhost:99999', 400],
  ['GET /metrics HTTP/1.1\r\nHost: [::1]x', 400],
  ['GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c', 200],
  ['TRACE /metrics HTTP/1.1\r\nHost: localhost', 405],
])('%j is answered with %d, and the connection ends', async (head, status) => {
  expect(await talk(head)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('CONNECT ends the connection', async () => {
  expect(await talk('CONNECT localhost:22 HTTP/1.1\r\nHost: localhost')).not.toContain(' 200 ');
});

test('an internal error is answered without its text', async () => {
  families = () => {
    throw new Error('the secret of it');
  };
  const text = await talk('GET /metrics HTTP/1.1\r\nHost: localhost');
  expect(text).toMatch(/^HTTP\/1\.1 500 /);
  expect(text).not.toContain('secret');
});
