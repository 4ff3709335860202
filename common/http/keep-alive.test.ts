import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { serve, type HttpServer } from './http';
import { CaError } from '../service/errors';
import { SILENT } from '../service/log';

/* Holds on every Node.js; it is 20.19 that needs keep-alive.ts. */
const BODY = 'POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n';

let server: HttpServer;
let socket: Socket;
beforeAll(async () => {
  server = await serve({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
    routes: [
      {
        method: 'GET',
        path: '/slow',
        handle: async () => {
          await pause(3000);
          return { bytes: 'slow' };
        },
      },
    ],
    admit: ({ path }) => {
      if (path === '/refused') throw new CaError('UNAUTHORIZED');
    },
    patience: { keepAliveMs: 500, idleMs: 60_000 },
  });
});
afterAll(() => server.close());
beforeEach(() => {
  socket = connect({ port: server.port, host: '127.0.0.1' });
  socket.setEncoding('latin1');
});
afterEach(() => socket.destroy());

test.each([
  ['at once', 0],
  ['after its headers', 50],
])(
  'a connection is closed between requests also when its body, sent %s, was not read',
  async (_when, ms) => {
    socket.write(BODY.slice(0, -1));
    if (ms > 0) {
      socket.write(BODY.slice(-1));
      await once(socket, 'data');
      socket.write('hello');
    } else socket.write(`${BODY.slice(-1)}hello`);
    socket.resume();
    await once(socket, 'close');
  },
  20_000,
);

test('a request that follows has all the time it needs', async () => {
  let text = '';
  socket.on('data', (piece: string) => (text += piece));
  socket.write(`${BODY}helloGET /slow HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'close');
  expect(text).toMatch(/401[^]*200[^]*slow/);
}, 20_000);
