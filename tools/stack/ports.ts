/*
 * Free TCP ports on loopback. In: how many. Out: that many different ports that are free now.
 * Another program may take one before it is used: the service on it must report that and be tried again.
 */
import { createServer, connect, type AddressInfo } from 'node:net';

export async function freePorts(count: number): Promise<number[]> {
  // All are held open together, so that no port appears twice.
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** True when something accepts connections there. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
const METHOD_FRAME = 1;
const ANSWER_MS = 2000;

/**
 * True when a broker answers there. An open port may be anybody's: one that took it meanwhile, or this very connection,
 * which TCP lets meet itself on a port that it may also begin at.
 */
export function answersAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(ANSWER_MS, () => end(false));
    socket.once('connect', () => socket.write(PROTOCOL_HEADER));
    socket.once('data', (bytes) => end(bytes[0] === METHOD_FRAME));
    socket.once('error', () => end(false));
    socket.once('end', () => end(false));
  });
}
