import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxy, type Proxy } from './proxy';
import { testKeys } from '../../testing/test-front';

let server: Server;
let proxy: Proxy;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeEach(async () => {
  answer = (_request, response) => response.end('{"ok":true}');
  server = createServer((request, response) => {
    response.setHeader('x-ca-aggregator', testKeys({ key: 'a0' }).proof);
    response.setHeader('content-type', 'application/json');
    request.resume().once('end', () => {
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = createProxy({ keys: testKeys });
});
afterEach(() => {
  proxy.close();
  server.closeAllConnections();
  server.close();
});

const ask = (bytesMax = 1000, gone = new AbortController().signal): ReturnType<Proxy['ask']> => {
  const { port } = server.address() as AddressInfo;
  return proxy.ask(
    { key: 'a0', httpHost: '127.0.0.1', httpPort: port },
    '/ca/prometheus',
    { a: 1 },
    gone,
    bytesMax,
  );
};

test('the whole answer comes, with its status', async () => {
  answer = (_request, response) => {
    response.statusCode = 400;
    response.end('{"no":1}');
  };
  const { status, body } = await ask();
  expect([status, body.toString()]).toEqual([400, '{"no":1}']);
});

test('an idle connection that the aggregator closes as it is used costs nothing but a new one', async () => {
  await ask();
  let cut = 0;
  const sockets = new WeakSet<object>();
  server.on('connection', (socket) => sockets.add(socket));
  const usual = answer;
  answer = (request, response) => {
    // Only connections of before: as if their idle time had just been over.
    if (sockets.has(request.socket)) usual(request, response);
    else {
      cut++;
      request.socket.destroy();
    }
  };
  expect((await ask()).body.toString()).toBe('{"ok":true}');
  expect(cut).toBe(1);
});

test('an answer that is too long is refused, and the place is free again', async () => {
  answer = (_request, response) => response.end('x'.repeat(5000));
  await expect(ask(1000)).rejects.toMatchObject({ code: 'INVALID' });
  expect(proxy.counts.pending).toBe(0);
  expect(proxy.upstreams[0]?.running).toBe(0);
});

test('what is not wanted any more is given up', async () => {
  answer = () => undefined;
  const controller = new AbortController();
  const asked = ask(1000, controller.signal);
  setTimeout(() => {
    controller.abort();
  }, 20);
  await expect(asked).rejects.toThrow();
  expect(proxy.upstreams[0]?.running).toBe(0);
});
