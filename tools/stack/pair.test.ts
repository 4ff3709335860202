/*
 * Two config services with their state in PostgreSQL, on a real broker: one is killed, frozen, cut off from its database;
 * instrumentations are neither lost nor doubled, and values go on.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeState } from '../../common/api/instrumentation';
import {
  findPostgres,
  startPostgres,
  type PrivatePostgres,
} from '../../services/instrumenter/sources/bpf/testing/private-postgres';
import { Postgres } from '../../services/config/pair/postgres';
import { startTestBroker, type TestBroker } from '../testing/test-broker';
import { until } from '../testing/until';
import { freePorts } from './ports';
import { startGuard, type Guard } from './process';
import { buildFolder } from './stack';
import { supervise, type Supervised } from './supervise';

jest.setTimeout(180_000);

const found =
  process.getuid?.() === 0 ? findPostgres() : 'it needs root, to start PostgreSQL as another user';
const TITLE = `a pair of config services${typeof found === 'string' ? ` (skipped: ${found})` : ''}`;
/** A busy machine's; the product's own limit is 10 s. */
const LIMIT_MS = 40_000;

interface Member extends Supervised {
  readonly url: string;
}

(typeof found === 'string' ? describe.skip : describe)(TITLE, () => {
  let home: string;
  let server: PrivatePostgres;
  let broker: TestBroker;
  let guard: Guard;
  const started: Supervised[] = [];
  let pair: readonly [Member, Member];
  let prefix: string;

  const service = async (name: string, folder: string, env: NodeJS.ProcessEnv): Promise<Supervised> => {
    const one = await supervise(
      name,
      {
        file: process.execPath,
        args: [join(buildFolder(), 'services', folder, 'main.js')],
        env: {
          ...process.env,
          CA_AMQP_URL: broker.url,
          CA_AMQP_PREFIX: prefix,
          CA_HOME: join(home, name),
          CA_HOST: 'node-a',
          CA_SOURCES: 'synthetic',
          ...env,
        },
        logFile: join(home, `${name}.log`),
      },
      guard,
      () => undefined,
    );
    started.push(one);
    return one;
  };
  const member = async (name: string, port: number): Promise<Member> => {
    mkdirSync(join(home, name), { mode: 0o700 });
    const one = await service(name, 'config', { CA_HTTP_PORT: String(port), CA_STATE: server.url });
    // The process id changes with each restart.
    return Object.assign(Object.create(one) as Supervised, { url: `http://127.0.0.1:${port}` });
  };

  beforeAll(async () => {
    if (typeof found === 'string') throw new Error(found);
    const parent = join(buildFolder(), 'e2e');
    mkdirSync(parent, { recursive: true });
    home = mkdtempSync(join(parent, 'pair-'));
    prefix = `pair-${process.pid}`;
    guard = startGuard();
    [server, broker] = await Promise.all([startPostgres(found.programs), startTestBroker()]);
    const [one = 0, two = 0, aggregators = 0] = await freePorts(3);
    pair = [await member('config-1', one), await member('config-2', two)];
    for (const name of ['aggregator', 'instrumenter']) {
      mkdirSync(join(home, name), { mode: 0o700 });
      await service(name, name, { CA_HTTP_PORT: String(one), CA_AGGREGATOR_PORT: String(aggregators) });
    }
  }, 120_000);
  afterAll(async () => {
    for (const one of [...started].reverse()) {
      one.signal('SIGCONT');
      await one.stop();
    }
    await guard.close();
    await broker.stop();
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  interface Answer {
    readonly status: number;
    readonly body: unknown;
  }
  const ask = async (url: string, method = 'GET', body?: unknown): Promise<Answer> => {
    const answer = await fetch(url, {
      method,
      signal: AbortSignal.timeout(25_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  const create = async ({ url }: Member): Promise<string> => {
    const question = { module: 'syscall', stat: 'syscalls', decomposition: ['latency'], 'idle-max': 3600 };
    const { status, body } = await ask(`${url}/ca/instrumentations`, 'POST', question);
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
    return (body as { uri: string }).uri;
  };
  const ids = async ({ url }: Member): Promise<string[]> => {
    const { status, body } = await ask(`${url}/ca/instrumentations`);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return (body as { uri: string }[]).map(({ uri }) => uri);
  };
  const gathered = (one: Member, uri: string): Promise<true> =>
    until(`${uri} being gathered`, LIMIT_MS, async () => {
      const { nodes } = (await ask(one.url + uri)).body as { nodes: readonly NodeState[] };
      return nodes.length === 1 && nodes.every(({ state }) => state === 'enabled') ? true : undefined;
    });
  const counted = (one: Member, uri: string): Promise<true> =>
    until(`a value of ${uri} of now`, LIMIT_MS, async () => {
      const { status, body } = await ask(`${one.url}${uri}/value/raw`);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      const { value, minreporting } = body as { value: unknown; minreporting: number };
      return minreporting === 1 && JSON.stringify(value) !== '{}' ? true : undefined;
    });
  const fenceNow = (): string =>
    server
      .run('psql', [
        '-qAtX',
        '-c',
        `SELECT fence FROM cloud_analytics_lease WHERE deployment = '${prefix}.ca'`,
      ])
      .trim();
  /** Whose front door answers itself; by the lease, not by asking it. */
  const activeNow = (): readonly [Member, Member] => {
    const address = server
      .run('psql', [
        '-qAtX',
        '-c',
        `SELECT address FROM cloud_analytics_lease WHERE deployment = '${prefix}.ca' AND expires > now()`,
      ])
      .trim();
    const [one, two] = pair;
    if (address === one.url) return [one, two];
    if (address === two.url) return [two, one];
    throw new Error(`nobody is active (${address})`);
  };
  const ready = ({ url }: Member): Promise<true> =>
    until(`${url} being ready`, LIMIT_MS, async () =>
      (await ask(`${url}/readyz`)).status === 200 ? true : undefined,
    );

  test('either takes changes and answers everything', async () => {
    await Promise.all(pair.map(ready));
    const [active, second] = activeNow();
    const first = await until('the node being there', LIMIT_MS, () => create(second));
    await gathered(second, first);
    await counted(second, first);
    await counted(active, first);
    expect(await ids(active)).toEqual(await ids(second));
    expect((await fetch(`${second.url}/`)).status).toBe(200);
    expect((await ask(`${second.url}${first}/value/heatmap/image?width=60&height=40`)).status).toBe(200);
    expect((await ask(`${second.url}/ca/instrumentations/999`)).status).toBe(404);
  });

  test('when the active one is killed the other takes over; what was asked is there once, and goes on', async () => {
    const [active, second] = activeNow();
    const before = await ids(active);
    const [uri = ''] = before;
    const began = Date.now();
    active.signal('SIGKILL');
    const late = await until('a change at the other', LIMIT_MS, () => create(second));
    process.stdout.write(`taken over after ${Date.now() - began} ms\n`);
    expect(await ids(second)).toEqual([...before, late]);
    await Promise.all([gathered(second, late), counted(second, uri)]);
    await ready(active);
    expect(await ids(active)).toEqual([...before, late]);
  });

  test('one that was frozen meanwhile changes nothing when it goes on, and becomes the second', async () => {
    const [active, second] = activeNow();
    const before = await ids(active);
    const fence = fenceNow();
    active.signal('SIGSTOP');
    const late = await until('a change at the other', LIMIT_MS, () => create(second));
    expect(Number(fenceNow())).toBeGreaterThan(Number(fence));
    await gathered(second, late);
    active.signal('SIGCONT');
    await until('it has started again as the second', LIMIT_MS, async () =>
      JSON.stringify(await ids(active)) === JSON.stringify([...before, late]) ? true : undefined,
    );
    expect(activeNow()[0]).toBe(second);
    await counted(active, late);
  });

  test('without its database the active one answers and values go on, and no change is taken', async () => {
    const [active] = activeNow();
    const [uri = ''] = await ids(active);
    process.kill(server.pid, 'SIGSTOP');
    const children = server.children();
    for (const pid of children) process.kill(pid, 'SIGSTOP');
    try {
      const { status, body } = await ask(`${active.url}/ca/instrumentations`, 'POST', {
        module: 'syscall',
        stat: 'syscalls',
      });
      expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('cannot be saved now')]);
      await counted(active, uri);
      expect((await ids(active)).length).toBeGreaterThan(0);
    } finally {
      for (const pid of [...children, server.pid]) process.kill(pid, 'SIGCONT');
    }
    await until('changes are taken again', LIMIT_MS, async () => create(activeNow()[1]));
  });

  test('a write with a number that is not the lease’s any more is refused by the database itself', async () => {
    const late = new Postgres(server.url, `${prefix}.ca`);
    try {
      const before = await late.storage(0)('state.json').read();
      await expect(
        late
          .storage(Number(fenceNow()) - 1)('state.json')
          .write('{}'),
      ).rejects.toThrow('has taken over');
      expect(await late.storage(0)('state.json').read()).toBe(before);
    } finally {
      await late.close();
    }
  });
});
