import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { until } from '../testing/until';
import { startProxy, type FaultProxy } from './proxy';

let server: Server;
let proxy: FaultProxy;
/** The far ends, in order. */
const accepted: Socket[] = [];
const clients: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(bytes)); // an echo
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});
afterEach(async () => {
  for (const socket of [...clients.splice(0), ...accepted.splice(0)]) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Client {
  readonly socket: Socket;
  received: Buffer;
  error: NodeJS.ErrnoException | undefined;
  closed: boolean;
}

async function open(): Promise<Client> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  clients.push(socket);
  const client: Client = { socket, received: Buffer.alloc(0), error: undefined, closed: false };
  socket.on('data', (bytes) => (client.received = Buffer.concat([client.received, bytes])));
  socket.on('error', (error) => (client.error = error));
  socket.on('close', () => (client.closed = true));
  await once(socket, 'connect');
  return client;
}

const got = (client: Client, text: string) =>
  until(`"${text}"`, 10_000, () => (client.received.toString() === text ? true : undefined), 5);
const ended = (client: Client) => until('the end', 10_000, () => (client.closed ? true : undefined), 5);

test('a healthy one passes everything, in order, both ways', async () => {
  const client = await open();
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) & 255));
  client.socket.write(bytes);
  await until('all bytes', 20_000, () => (client.received.length === bytes.length ? true : undefined), 5);
  expect(client.received.equals(bytes)).toBe(true);
});

test('reset ends the connections of both sides with an error, and new ones work', async () => {
  const client = await open();
  client.socket.write('a');
  await got(client, 'a');
  expect(proxy.reset()).toBe(1);
  await ended(client);
  expect(client.error?.code).toBe('ECONNRESET');
  await until('the far end', 10_000, () => (accepted[0]?.destroyed === true ? true : undefined), 5);
  expect(proxy.connections).toBe(0);
  const next = await open();
  next.socket.write('b');
  await got(next, 'b');
});

test('a black hole takes everything and gives nothing; when it is mended, what it held comes out in order', async () => {
  const client = await open();
  client.socket.write('before,');
  await got(client, 'before,');
  proxy.flow({ blackHole: true });
  client.socket.write('inside,');
  const late = await open();
  late.socket.write('late');
  // Many round trips of a healthy connection show that the others had enough time.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([client.received.toString(), late.received.length, client.closed]).toEqual(['before,', 0, false]);
  proxy.flow({});
  client.socket.write('after');
  await got(client, 'before,inside,after');
  await got(late, 'late');
});

test('a reset inside a black hole loses what it held', async () => {
  const client = await open();
  client.socket.write('a');
  await got(client, 'a');
  proxy.flow({ blackHole: true });
  client.socket.write('lost');
  await new Promise((resolve) => setTimeout(resolve, 50));
  proxy.reset();
  await ended(client);
  proxy.flow({});
  expect(client.received.toString()).toBe('a');
});

test('delay holds each piece back for so long, both ways', async () => {
  const client = await open();
  proxy.flow({ delayMs: 150 });
  const since = performance.now();
  client.socket.write('slow');
  await got(client, 'slow');
  expect(performance.now() - since).toBeGreaterThan(295);
});

test('throttle passes no more bytes in a second than it should', async () => {
  const client = await open();
  proxy.flow({ bytesPerSecond: 20_000 });
  const since = performance.now();
  client.socket.write(Buffer.alloc(10_000));
  await until('all', 20_000, () => (client.received.length === 10_000 ? true : undefined), 5);
  expect(performance.now() - since).toBeGreaterThan(400);
});

test('truncate passes the beginning of the next piece and ends the connection', async () => {
  const client = await open();
  proxy.truncate(4);
  client.socket.write('0123456789');
  await ended(client);
  expect(client.received.toString()).toBe('0123');
});

test('refused connections are reset at once', async () => {
  proxy.refuse(true);
  const client = connect({ port: proxy.port, host: '127.0.0.1' });
  clients.push(client);
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  proxy.refuse(false);
  const next = await open();
  next.socket.write('x');
  await got(next, 'x');
});

test('the end of one side is the end of the other, after what was on its way', async () => {
  const client = await open();
  client.socket.write('x');
  await got(client, 'x');
  accepted[0]?.end('bye');
  await ended(client);
  expect(client.received.toString()).toBe('xbye');
  expect(proxy.connections).toBe(0);
});
