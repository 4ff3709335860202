import { createServer, type AddressInfo, type Socket } from 'node:net';
import { answersAmqp } from './ports';

async function withServer(onConnect: (socket: Socket) => void): Promise<boolean> {
  const server = createServer(onConnect);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await answersAmqp((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

test('what answers the header with a frame is a broker; an echo, as of a connection that met itself, is none', async () => {
  expect(await withServer((socket) => socket.end(Buffer.from([1, 0, 0])))).toBe(true);
  expect(await withServer((socket) => socket.pipe(socket))).toBe(false);
  expect(await withServer((socket) => socket.end('HTTP/1.1 400'))).toBe(false);
});

test('what is silent, hangs up or is not there is no broker', async () => {
  expect(await withServer((socket) => void socket.on('error', () => undefined))).toBe(false);
  expect(await withServer((socket) => socket.destroy())).toBe(false);
  expect(await answersAmqp(1)).toBe(false);
});
