/*
 * The whole system on this machine: broker (unless one is named), config service, aggregators, instrumenters, each
 * a process of its own with its log file. In: ports, a state folder, a broker's URL. Out: the front door's URL and a
 * way to stop everything. Used by `make run` and by the end-to-end tests alike.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ConfigStatus } from '../../common/api/status';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { messageOf } from '../../common/service/errors';
import { LIMITS } from '../../common/service/limits';
import { SILENT } from '../../common/service/log';
import { Peer, type AnswerBody } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { userOf, type Identity } from '../../common/wire/identity';
import { startBroker, type MoreOfBroker, type PrivateBroker } from './broker';
import { SHARED_USER, usersOf, type BrokerUser } from './broker-users';
import { buildFolder } from './checkout';
import { keepRunning } from './keep-broker';
import { handOver, handOverAll, notOurs } from './ownership';
import { holdPort, type HeldPort } from './held-port';
import { startGuard, type Guard } from './process';
import { supervise, type Supervised } from './supervise';
import { Hopeless, until } from '../testing/until';

export { buildFolder };

export interface StackOptions {
  readonly home: string;
  readonly httpPort: number;
  /** Use this broker instead of starting one; all services are its one user then. */
  readonly amqpUrl?: string | undefined;
  /** The same with a broker of our own: for tests whose nodes are no instrumenters. */
  readonly sharedUser?: boolean | undefined;
  /** Of a broker of our own: lines of its settings, and plugins. */
  readonly brokerMore?: MoreOfBroker;
  /** Further users of a broker of our own. */
  readonly others?: readonly BrokerUser[];
  readonly prefix?: string;
  /** By default one per CPU. */
  readonly aggregators?: number;
  /** Names of the nodes; each gets an instrumenter. Default: this host. */
  readonly hosts: readonly string[];
  readonly sources?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds between heartbeats, when not the usual: a service that hangs is noticed after about 2.25 of them. */
  readonly heartbeatS?: number;
  /** One line for each step, for people. */
  readonly say?: (line: string) => void;
}

export interface Stack {
  readonly url: string;
  /** For tools. */
  readonly amqpUrl: string;
  /** For a service of that role. */
  readonly urlOf: (identity: Identity) => string;
  readonly prefix: string;
  readonly broker: PrivateBroker | undefined;
  readonly config: Supervised;
  readonly aggregators: readonly Supervised[];
  readonly instrumenters: readonly Supervised[];
  /** The config service's status of all members. */
  status(): Promise<ConfigStatus>;
  /** The status of a host's instrumenter. */
  instrumenterStatus(host: string): Promise<AnswerBody>;
  /** What an aggregator says of where the reports of a second were. */
  secondAt(aggregator: string, second: number): Promise<AnswerBody>;
  stop(): Promise<void>;
}

/** Services start in about 0.5 s each; a busy machine may take far longer. */
const READY_LIMIT_MS = 60_000;
/** About 3 s of trying: a broker of our own is up by then, and one that is named should be. */
const BROKER_ATTEMPTS = 5;

/** Rejects, with everything stopped again, when a part does not come up; the message names its log file. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const say = options.say ?? ((): void => undefined);
  mkdirSync(options.home, { recursive: true, mode: 0o700 });
  const obstacle = notOurs(options.home);
  if (obstacle !== undefined) throw new Error(obstacle);
  handOver(options.home);
  const guard = startGuard();
  const started: { stop(): Promise<void> }[] = [];
  // Last started, first stopped: instrumenters send their goodbye while the config service still listens.
  const stop = async (): Promise<void> => {
    await Promise.all(
      started.splice(started.length > 0 && options.amqpUrl === undefined ? 1 : 0).map((s) => s.stop()),
    );
    await started.pop()?.stop();
    await guard.close();
    handOverAll(options.home);
  };
  try {
    return await startAll(options, say, guard, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: StackOptions,
  say: (line: string) => void,
  guard: Guard,
  started: { stop(): Promise<void> }[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const { prefix = '' } = options;
  let broker: PrivateBroker | undefined;
  if (options.amqpUrl === undefined) {
    say('starting a private RabbitMQ …');
    const users = options.sharedUser === true ? [SHARED_USER] : usersOf(everybodyOf(options), prefix);
    const everybody = [...users, ...(options.others ?? [])];
    broker = await startBroker(join(options.home, 'broker'), guard, everybody, options.brokerMore);
    started.push(keepRunning(broker, say));
    say(`RabbitMQ listens on 127.0.0.1:${broker.port}`);
  }
  const { heartbeatS } = options;
  const urlOf = (identity: Identity): string => {
    const shared = options.amqpUrl ?? (options.sharedUser === true ? broker?.url : undefined);
    const url = shared ?? broker?.urlOf(userOf(identity, prefix)) ?? '';
    return heartbeatS === undefined ? url : `${url}?heartbeat=${heartbeatS}`;
  };
  const amqpUrl = urlOf({ role: 'operator' });
  const env = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    ...process.env,
    ...options.env,
    CA_AMQP_PREFIX: prefix,
    CA_HTTP_PORT: String(options.httpPort),
    CA_HOME: options.home,
    ...(options.sources === undefined ? {} : { CA_SOURCES: options.sources.join(',') }),
    ...more,
  });
  const service = async (
    name: string,
    identity: Identity,
    more: NodeJS.ProcessEnv,
    held?: HeldPort,
  ): Promise<Supervised> => {
    const folder = identity.role === 'node' ? 'instrumenter' : identity.role;
    const socket = { LISTEN_FDS: held === undefined ? undefined : '1', LISTEN_PID: undefined };
    const command = {
      file: process.execPath,
      args: [join(buildFolder(), 'services', folder, 'main.js')],
      env: env({ ...socket, CA_AMQP_URL: urlOf(identity), ...more }),
      logFile: join(options.home, 'log', `${name}.log`),
      inherit: held?.fd,
    };
    const supervised = await supervise(name, command, guard, say, () => held?.close());
    started.push(supervised);
    return supervised;
  };

  const [firstHost = 'localhost'] = options.hosts;
  const numbers = Array.from({ length: options.aggregators ?? availableParallelism() }, (_, i) => i);
  say(
    `starting the config service, ${numbers.length} aggregators and ${options.hosts.length} instrumenter(s) …`,
  );
  // Requests during a restart wait for it: none is refused.
  const door = holdPort(env({})['CA_BIND'] ?? '127.0.0.1', options.httpPort);
  if (door !== undefined) started.push({ stop: () => Promise.resolve(door.close()) });
  const config = await service('config', { role: 'config' }, { CA_HOST: firstHost }, door);
  const aggregators = await Promise.all(
    numbers.map((i) =>
      service(
        `aggregator-${i}`,
        { role: 'aggregator', host: firstHost },
        { CA_HOST: firstHost, CA_INSTANCE: String(i) },
      ),
    ),
  );
  const instrumenters = await Promise.all(
    options.hosts.map((host) => service(`instrumenter-${host}`, { role: 'node', host }, { CA_HOST: host })),
  );

  // Over the broker, as tools do: the front door may ask for a token, or speak HTTPS under a name of its own.
  const keys = routes(prefix);
  const peer = new Peer({
    url: amqpUrl,
    routes: keys,
    host: firstHost,
    key: keys.tool(firstHost, process.pid),
    clock: SYSTEM_CLOCK,
    log: SILENT,
    firstAttempts: BROKER_ATTEMPTS,
  });
  await peer.connect().catch((error: unknown) => {
    throw new Error(
      `the broker cannot be reached: ${messageOf(error)}; fix: check that CA_AMQP_URL names a running one`,
    );
  });
  started.push({ stop: () => peer.close() });
  const status = async (): Promise<ConfigStatus> =>
    (await peer.call(keys.config, 'status', {}, LIMITS.toolAnswerMs)) as unknown as ConfigStatus;
  const instrumenterStatus = (host: string): Promise<AnswerBody> =>
    peer.call(keys.instrumenter(host), 'status', {}, LIMITS.toolAnswerMs);
  const secondAt = (aggregator: string, second: number): Promise<AnswerBody> =>
    peer.call(keys.aggregator(aggregator), 'status', { second }, LIMITS.toolAnswerMs);
  const url = `${env({})['CA_TLS_CERT'] === undefined ? 'http' : 'https'}://127.0.0.1:${options.httpPort}/`;
  const everybody = [config, ...aggregators, ...instrumenters];
  await until('services coming up', READY_LIMIT_MS, async () => {
    for (const service of everybody) {
      const why = service.failure();
      if (why !== undefined) throw service.gaveUp() ? new Hopeless(why) : new Error(why);
    }
    const now = await status();
    const all =
      now.online.aggregators === aggregators.length && now.online.instrumenters === instrumenters.length;
    return all ? true : undefined;
  });
  // How tools on this machine find the deployment; it holds the broker's password.
  const connection = { url, amqpUrl, prefix };
  const file = join(options.home, 'connection.json');
  rmSync(file, { force: true }); // a file that another user has left could not be written
  writeFileSync(file, `${JSON.stringify(connection)}\n`, { mode: 0o600 });
  handOver(file);
  return {
    url,
    amqpUrl,
    urlOf,
    prefix,
    broker,
    config,
    aggregators,
    instrumenters,
    status,
    instrumenterStatus,
    secondAt,
    stop,
  };
}

/** Those who need a user of their own: tools first. */
function everybodyOf({ hosts }: StackOptions): Identity[] {
  const [host = 'localhost'] = hosts;
  const nodes = hosts.map((name): Identity => ({ role: 'node', host: name }));
  return [{ role: 'operator' }, { role: 'config' }, { role: 'aggregator', host }, ...nodes];
}
