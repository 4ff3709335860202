import type { lookup } from 'node:dns';
import { connect, createServer, type AddressInfo } from 'node:net';
import { BrokerTarget } from './broker-target';
import { shuffledLookup } from './shuffled-lookup';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address, family: 4 }));

test('of a list each client begins anywhere, and reaches every broker by moving on', () => {
  const text = ['b1', 'b2', 'b3'].map((host) => `amqp://u:p@${host}:5672/`).join(',');
  const first = new Set<unknown>();
  for (let i = 0; i < 200; i++) {
    const target = new BrokerTarget(text);
    const address = target.address as { readonly hostname: string };
    first.add(address.hostname);
    const reached = [0, 1, 2].map(() => {
      const { hostname } = address;
      target.next();
      return hostname;
    });
    expect(reached.sort()).toEqual(['b1', 'b2', 'b3']);
  }
  expect(first.size).toBe(3);
});

describe('a name with several addresses', () => {
  const resolve = ((_name: string, _options: object, done: (error: null, all: typeof ADDRESSES) => void) => {
    done(null, ADDRESSES);
  }) as unknown as typeof lookup;

  test('is tried in any order, with all of its addresses', () => {
    const first = new Set<unknown>();
    for (let i = 0; i < 200; i++) {
      shuffledLookup(resolve)('broker', { all: true }, (_error, all) => {
        const list = all as typeof ADDRESSES;
        expect([...list].sort((a, b) => a.address.localeCompare(b.address))).toEqual(ADDRESSES);
        first.add(list[0]?.address);
      });
    }
    expect(first.size).toBe(3);
  });

  test('gives one address to a caller that wants one', () => {
    shuffledLookup(resolve, () => 0)('broker', {}, (error, address, family) => {
      expect([error, address, family]).toEqual([null, '10.0.0.1', 4]);
    });
  });

  test('that does not resolve is an error', () => {
    const missing = new Error('ENOTFOUND');
    const failing = ((_name: string, _options: object, done: (error: Error) => void) => {
      done(missing);
    }) as unknown as typeof lookup;
    shuffledLookup(failing)('broker', {}, (error) => {
      expect(error).toBe(missing);
    });
  });

  test('is connected to, by a socket that resolves with it, as one of a target’s URLs is', async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(new BrokerTarget(`amqp://u:p@broker:${port}/`).options).toHaveProperty('lookup');
    // Of our own: there are machines on which localhost is no name.
    const here = ((_name: string, _options: object, done: (error: null, all: typeof ADDRESSES) => void) => {
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as unknown as typeof lookup;
    const socket = connect({ host: 'broker', port, lookup: shuffledLookup(here) });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
