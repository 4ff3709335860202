/*
 * The system under test for chaos: a private RabbitMQ, a config service, two aggregators and a real instrumenter as
 * processes that are restarted when they end, and simulated nodes in this one; each with its own proxy in front
 * of the broker. In: a state folder. Out: handles of all of it, and one way to stop everything.
 */
import { within } from '../../common/service/deadline';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brokerProgram, startBroker, type PrivateBroker } from '../stack/broker';
import { startFleet, type Fleet, type FleetOptions } from '../fleet/fleet';
import { freePorts } from '../stack/ports';
import { startGuard } from '../stack/process';
import { buildFolder } from '../stack/stack';
import { supervise, type Supervised } from '../stack/supervise';
import { until } from '../testing/until';
import { startProxy, type FaultProxy } from './proxy';

export interface SystemOptions {
  readonly home: string;
  readonly seed: number;
  readonly aggregators: number;
  /** How many simulated nodes share a connection, for each connection. */
  readonly fleets: readonly number[];
  readonly fleet: Pick<FleetOptions, 'foretold' | 'made' | 'gaveUp' | 'metrics'>;
  /** Name of the node that has a real instrumenter. */
  readonly realNode: string;
  /** Services with a shorter heartbeat interval, in seconds, which notice dead connections sooner. */
  readonly heartbeatS?: Readonly<Record<string, number>>;
}

export interface System {
  readonly url: string;
  readonly broker: PrivateBroker;
  readonly proxies: ReadonlyMap<string, FaultProxy>;
  readonly services: ReadonlyMap<string, Supervised>;
  readonly fleets: readonly Fleet[];
  /** Runs rabbitmqctl. */
  readonly control: (...args: readonly string[]) => Promise<string>;
  /** Status and parsed body. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 90_000;
const CONTROL_LIMIT_MS = 60_000;
const ASK_LIMIT_MS = 20_000;
/** A broker that is gone or blocked must not prevent the end. */
const STOP_LIMIT_MS = 5000;

/** Rejects, with everything stopped again, when a part does not come up. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const guard = startGuard();
  const started: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).reverse()) {
      await within(STOP_LIMIT_MS, end(), () => undefined);
    }
    await guard.close();
  };
  try {
    const broker = await startBroker(join(options.home, 'broker'), guard);
    started.push(() => broker.stop());
    const proxies = new Map<string, FaultProxy>();
    const behindProxy = async (name: string): Promise<string> => {
      const proxy = await startProxy({ host: '127.0.0.1', port: broker.port });
      started.push(() => proxy.close());
      proxies.set(name, proxy);
      const url = broker.url.replace(`:${broker.port}/`, `:${proxy.port}/`);
      const heartbeatS = options.heartbeatS?.[name];
      return heartbeatS === undefined ? url : `${url}?heartbeat=${heartbeatS}`;
    };
    const [httpPort = 0] = await freePorts(1);
    const services = new Map<string, Supervised>();
    const service = async (name: string, folder: string, more: NodeJS.ProcessEnv): Promise<void> => {
      const env = {
        PATH: process.env['PATH'],
        CA_AMQP_URL: await behindProxy(name),
        CA_HTTP_PORT: String(httpPort),
        CA_HOME: options.home,
        CA_HOST: 'chaos',
        CA_SEED: String(options.seed),
        ...more,
      };
      const args = [join(buildFolder(), 'services', folder, 'main.js')];
      const logFile = join(options.home, 'log', `${name}.log`);
      const supervised = await supervise(
        name,
        { file: process.execPath, args, env, logFile },
        guard,
        () => undefined,
      );
      services.set(name, supervised);
      started.push(() => supervised.stop());
    };
    await service('config', 'config', {});
    for (let i = 0; i < options.aggregators; i++) {
      await service(`aggregator-${i}`, 'aggregator', { CA_INSTANCE: String(i) });
    }
    await service('instrumenter', 'instrumenter', { CA_HOST: options.realNode, CA_SOURCES: 'synthetic' });
    const fleets: Fleet[] = [];
    let first = 0;
    for (const [i, nodes] of options.fleets.entries()) {
      const url = await behindProxy(`fleet-${i}`);
      const fleet = await startFleet({
        ...options.fleet,
        url,
        nodes,
        first,
        seed: options.seed,
        patient: true,
      });
      started.push(() => fleet.stop());
      fleets.push(fleet);
      first += nodes;
    }
    const system: System = {
      url: `http://127.0.0.1:${httpPort}/`,
      broker,
      proxies,
      services,
      fleets,
      control: (...args) => control(broker, args),
      ask: (method, path, body) => ask(`http://127.0.0.1:${httpPort}/`, method, path, body),
      stop,
    };
    await until('everybody being there', READY_LIMIT_MS, () => everybody(system, first + 1), 200);
    return system;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** True when the config service knows all aggregators and this many nodes. */
export async function everybody(system: System, nodes: number): Promise<true | undefined> {
  const { status, body } = await system.ask('GET', '/ca/admin/status');
  if (status !== 200) throw new Error(`status: ${status}`);
  const { online } = body as { online: { aggregators: number; instrumenters: number } };
  const wanted = [...system.services.keys()].filter((name) => name.startsWith('aggregator')).length;
  return online.aggregators === wanted && online.instrumenters === nodes ? true : undefined;
}

async function control(broker: PrivateBroker, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(brokerProgram('rabbitmqctl'), [...args], {
    env: broker.env,
    timeout: CONTROL_LIMIT_MS,
  });
  return stdout;
}

async function ask(
  base: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL(path, base), {
    method,
    signal: AbortSignal.timeout(ASK_LIMIT_MS),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
