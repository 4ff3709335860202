/*
 * The whole service of a test: real HTTP on a free port, a real store in a folder of its own, everybody else in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doorKeysOf, type DoorKeys } from '../../../common/http/front-door';
import { DiskRoom } from '../../../common/service/files/disk-room';
import { SILENT } from '../../../common/service/log';
import type { Access } from '../door/access';
import { RateLimit } from '../door/rate-limit';
import { Config } from '../config';
import { NO_CUSTOMERS, type Customers } from '../fleet/customers';
import { FakeBus, FakeClock } from './fake-fleet';
import { openFront } from '../door/front';
import { createGate } from '../door/gate';
import type { LocalUsers } from '../door/local-users';
import { createProxy, type Proxy } from '../door/upstream/proxy';
import { checkDocumented } from './documented';
import { statusOf } from '../api/status';
import type { CredentialIssuer } from '../fleet/enrolment/credentials';
import { Enrolment } from '../fleet/enrolment/enrolment';
import { FleetStore } from '../state/fleet-store';
import { Store } from '../state/store';
import { routes } from '../../../common/wire/route';
import type { Tokens } from '../door/tokens';
import type { UpstreamLimits } from '../door/upstream/upstream';
import { filesIn } from '../state/storage';

export interface TestFront {
  readonly base: string;
  readonly bus: FakeBus;
  readonly clock: FakeClock;
  readonly config: Config;
  readonly store: Store;
  readonly proxy: Proxy;
  readonly folder: string;
  /** Sends JSON, or nothing. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  close(): Promise<void>;
}

interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON body; undefined when it is something else. */
  readonly json: unknown;
}

export interface TestOptions {
  /** Of nodes' credentials; undefined: nodes cannot join. */
  readonly issuer?: CredentialIssuer;
  readonly authority?: string;
  readonly customers?: Customers;
  /** A folder of an earlier service: this one is its restart. */
  readonly folder?: string;
  readonly bus?: FakeBus;
  readonly tokens?: Tokens;
  readonly access?: Partial<Access>;
  /** 0 ≤ x < 1; without it always 0. */
  readonly random?: () => number;
  readonly localUsers?: LocalUsers;
  readonly limits?: Partial<UpstreamLimits>;
}

/** What the front door and the aggregators of a test show each other. */
export const testKeys = ({ key }: { readonly key: string }): DoorKeys =>
  doorKeysOf('test', { key, httpHost: '', httpPort: 0 });

export async function testFront(options: TestOptions = {}): Promise<TestFront> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'ca-config-test-')));
  const store = await Store.open(await filesIn(join(folder, 'config')));
  const clock = new FakeClock();
  const bus = options.bus ?? new FakeBus(clock);
  const fleet = await FleetStore.open(await filesIn(join(folder, 'config')));
  const attempts = new RateLimit(clock);
  const config = new Config({
    bus,
    routes: routes(''),
    clock,
    log: SILENT,
    store,
    fleet,
    customers: () => options.customers ?? NO_CUSTOMERS,
    random: options.random ?? (() => 0),
    doorKeys: testKeys,
  });
  clock.everySecond(() => {
    config.tick();
  });
  config.connected();
  const enrolment = new Enrolment({
    store: fleet,
    inventory: config.inventory,
    clock,
    log: SILENT,
    issuer: options.issuer,
    told: () => ({ brokers: 'amqps://broker.example:5671/', prefix: '' }),
    userOf: (host) => `node-${host}`,
    isOnline: (host) => config.members.isOnline(routes('').instrumenter(host)),
  });
  const proxy = createProxy({ keys: testKeys, limits: options.limits ?? {} });
  const server = await openFront({
    host: '127.0.0.1',
    port: 0,
    disk: new DiskRoom(folder),
    log: SILENT,
    bus,
    clock,
    config,
    proxy,
    joining: {
      enrolment,
      settings: { authority: () => options.authority, signer: undefined },
      attempts,
      addressOf: ({ headers }) => String(headers['x-from'] ?? ''),
    },
    gate: createGate({
      access: { names: ['localhost'], origins: [], behindProxy: false, ...options.access },
      tokens: () => options.tokens,
      customers: () => options.customers ?? NO_CUSTOMERS,
      attempts,
      localUsers: options.localUsers,
    }),
    status: () =>
      statusOf({
        host: 'test',
        started: 0,
        now: clock.now(),
        config,
        bus,
        proxy,
        http: undefined,
        memory: { rss: 0, heapUsed: 0 },
      }),
    pageFolder: join(folder, 'www'),
  });
  const base = `http://127.0.0.1:${server.port}`;
  return {
    base,
    bus,
    clock,
    config,
    store,
    proxy,
    folder,
    async ask(method, path, body, headers = {}) {
      const res = await fetch(base + path, {
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await res.text();
      const isJson = res.headers.get('content-type') === 'application/json' && text !== '';
      const json = isJson ? (JSON.parse(text) as unknown) : undefined;
      // Values here are what a stand-in for the aggregator says.
      if (method !== 'HEAD' && !path.includes('/value')) checkDocumented(method, path, res.status, json);
      return {
        status: res.status,
        headers: res.headers,
        text,
        json,
      };
    },
    async close() {
      proxy.close();
      await server.close();
      await store.flushed();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
