import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RefusalPace } from './refusal-pace';

test('a client that retries too soon after a refusal waits; one that obeys Retry-After does not', async () => {
  const pace = new RefusalPace();
  const asks = { incoming: { socket: {} as Socket } as IncomingMessage, gone: new AbortController().signal };
  const took = async (): Promise<number> => {
    const began = performance.now();
    await pace.hold(asks);
    return performance.now() - began;
  };
  expect(await took()).toBeLessThan(100);
  expect(await took()).toBeGreaterThan(800);
  await new Promise((resolve) => setTimeout(resolve, 1010));
  expect(await took()).toBeLessThan(100);
  const other = { ...asks, incoming: { socket: {} as Socket } as IncomingMessage };
  const began = performance.now();
  await pace.hold(other);
  expect(performance.now() - began).toBeLessThan(100);
});

test('a client that goes away while it is held is released', async () => {
  const pace = new RefusalPace();
  const client = new AbortController();
  const asks = { incoming: { socket: {} as Socket } as IncomingMessage, gone: client.signal };
  await pace.hold(asks);
  const began = performance.now();
  setTimeout(() => client.abort(), 20);
  await pace.hold(asks);
  expect(performance.now() - began).toBeLessThan(600);
});
