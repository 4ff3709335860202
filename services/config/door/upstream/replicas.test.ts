import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addAggregator, addNode, aggregatorKey } from '../../testing/fake-fleet';
import { testFront, testKeys, type TestFront } from '../../testing/test-front';

type Behaviour = (req: IncomingMessage, res: ServerResponse) => void;

function refuse(res: ServerResponse, status: number): void {
  res.statusCode = status;
  res.end('{"error":{}}');
}

/** An aggregator: answers with its name unless it is told to do something else. */
class Upstream {
  readonly instance: string;
  readonly server: Server;
  behave: Behaviour | undefined;
  asked = 0;

  constructor(instance: string) {
    this.instance = instance;
    this.server = createServer((req, res) => {
      res.setHeader('x-ca-aggregator', testKeys({ key: aggregatorKey(instance) }).proof);
      res.setHeader('content-type', 'application/json');
      if (req.url !== '/healthz') this.asked++;
      if (this.behave === undefined) res.end(JSON.stringify({ value: instance }));
      else this.behave(req, res);
    });
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let front: TestFront;
let first: Upstream;
let second: Upstream;

beforeEach(async () => {
  front = await testFront({ limits: { doubtMs: 700, probeMs: 50, probeMsMax: 200 } });
  const both = [new Upstream('a0'), new Upstream('a1')] as const;
  for (const one of both) await addAggregator(front.bus, one.instance, await one.open());
  await addNode(front.bus, 'n1');
  await front.ask('POST', '/ca/instrumentations', { module: 'syscall', stat: 'syscalls', replicas: 2 });
  await front.bus.until(() => front.config.reconciler.ranked('global;1').length === 2);
  const [home] = front.config.reconciler.ranked('global;1');
  [first, second] = home?.instance === 'a0' ? both : [both[1], both[0]];
});
afterEach(async () => {
  await front.close();
  await Promise.all([first.close(), second.close()]);
});

const read = async (path = '/ca/instrumentations/1/value/raw'): Promise<[status: number, text: string]> => {
  const { status, text } = await front.ask('GET', path);
  return [status, text];
};
const bySecond = (): [number, string] => [200, JSON.stringify({ value: second.instance })];

test('the first is asked alone while it answers', async () => {
  expect(await read()).toEqual([200, JSON.stringify({ value: first.instance })]);
  expect(second.asked).toBe(0);
});

test('one that is dead costs no error: the other answers', async () => {
  await first.close();
  for (let i = 0; i < 8; i++) expect(await read()).toEqual(bySecond());
});

test.each<[string, Behaviour]>([
  ['says that it is going away', (_req, res) => refuse(res, 503)],
  ['fails', (_req, res) => refuse(res, 500)],
  ['does not know the instrumentation yet', (_req, res) => refuse(res, 404)],
  ['breaks off before its answer', (req) => req.socket.destroy()],
  [
    'does not prove that it is one',
    (_req, res) => {
      res.setHeader('x-ca-aggregator', 'no');
      res.end('{}');
    },
  ],
  ['is frozen', () => undefined],
])('one that %s costs no error: the other answers', async (_what, behave) => {
  first.behave = behave;
  const began = performance.now();
  expect(await read()).toEqual(bySecond());
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await Promise.all(Array.from({ length: 20 }, () => read()))).toEqual(
    Array.from({ length: 20 }, bySecond),
  );
});

test('one that merely takes its time to answer, and is alive, is waited for', async () => {
  first.behave = (req, res) => {
    if (req.url === '/healthz') res.end('{}');
    else setTimeout(() => res.end('{"value":"slow"}'), 400);
  };
  expect(await read()).toEqual([200, '{"value":"slow"}']);
  expect(second.asked).toBe(0);
});

test('only the last one may answer for what it does not know', async () => {
  const hints: unknown[] = [];
  const hint: Behaviour = (req, res) => {
    hints.push(req.headers['x-ca-instn-shape']);
    refuse(res, 404);
  };
  first.behave = hint;
  second.behave = hint;
  expect((await read())[0]).toBe(404);
  expect(hints).toEqual([undefined, undefined, 'number']);
});

test('one that was out of rotation is asked again when it is back, though the other one answers meanwhile', async () => {
  first.behave = (req) => req.socket.destroy();
  for (let i = 0; i < 6; i++) expect(await read()).toEqual(bySecond());
  first.behave = undefined;
  const back = JSON.stringify({ value: first.instance });
  for (let i = 0; (await read())[1] !== back; i++) {
    expect(i).toBeLessThan(400);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('when one is dead and the other one merely slow, the slow one is waited for', async () => {
  await second.close();
  first.behave = (_req, res) => setTimeout(() => res.end('{"value":"slow"}'), 2500); // its health check, too
  expect(await read()).toEqual([200, '{"value":"slow"}']);
});

test('when neither answers, the error of the last one is told', async () => {
  await Promise.all([first.close(), second.close()]);
  expect((await read())[0]).toBe(503);
});

test('Prometheus’ queries are put to the other one, too, without a warning', async () => {
  await first.close();
  second.behave = (_req, res) => res.end(JSON.stringify({ status: 'success', data: [] }));
  const [status, text] = await read('/prometheus/api/v1/series?match[]={__name__!=""}');
  expect([status, text]).toEqual([200, expect.not.stringContaining('warnings') as string]);
});
