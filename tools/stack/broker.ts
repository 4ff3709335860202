/*
 * A private RabbitMQ: loopback only, own ports, own cookie, own epmd that ends with it. In: a folder for its state.
 * Out: an AMQP URL and a way to stop it. Works for root and for any other user.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitionsOf, passwordOf, SHARED_USER, type BrokerUser } from './broker-users';
import { checkoutFolder } from './checkout';
import { DISK_FREE_LIMIT_MIB, lackOfSpace } from './disk-space';
import { answersAmqp, freePorts } from './ports';
import { run, type Guard, type Running } from './process';
import { lastWords } from './supervise';
import { Hopeless, until } from '../testing/until';

/** The machine's own programs. Debian's wrappers in /usr/sbin change user and folder, and refuse other users. */
const INSTALLED = '/usr/lib/rabbitmq/bin';

export function brokerInstalled(): boolean {
  return existsSync(brokerProgram('rabbitmq-server'));
}

/** rabbitmq-server, rabbitmqctl or epmd: the machine's own, or those that deps/fetch.sh put into the checkout. */
export function brokerProgram(name: string): string {
  if (!existsSync(`${INSTALLED}/rabbitmq-server`)) return join(checkoutFolder(), 'deps/build/bin', name);
  return name === 'epmd' ? name : join(INSTALLED, name);
}

export interface PrivateBroker {
  /** For its first user. */
  readonly url: string;
  readonly urlOf: (user: string) => string;
  readonly port: number;
  /** For rabbitmqctl: without these variables it would start an epmd on the public port. */
  readonly env: NodeJS.ProcessEnv;
  /** Id of the Erlang machine. */
  readonly pid: number;
  stop(): Promise<void>;
  /** Called each time it exits by itself. */
  onEnd(ended: (how: string) => void): void;
  /** Kills it, as a power cut would, for tests of recovery; start() restarts it on the same ports with the same state. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** For tests with another configuration: lines of rabbitmq.conf, and plugins. */
export interface MoreOfBroker {
  readonly conf?: readonly string[];
  readonly plugins?: readonly string[];
}

/** First start of a new folder takes about 6 s, later ones 4 s; on a busy machine more than 60 s were measured. */
const START_LIMIT_MS = 180_000;
const END_LIMIT_MS = 10_000;

export async function startBroker(
  folder: string,
  guard?: Guard,
  users: readonly BrokerUser[] = [SHARED_USER],
  more: MoreOfBroker = {},
): Promise<PrivateBroker> {
  forgetOthers(folder, users);
  for (const part of ['home', 'mnesia', 'log'])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  const [port = 0, distribution = 0, epmd = 0, control = 0] = await freePorts(4);
  const password = secret(join(folder, 'password'));
  writeFileSync(join(folder, 'definitions.json'), definitionsOf(users, password), { mode: 0o600 });
  secret(join(folder, 'home', '.erlang.cookie'));
  writeFileSync(join(folder, 'enabled_plugins'), `[${(more.plugins ?? []).join(',')}].\n`);
  // Erlang looks up its own name; some machines have none, or another localhost.
  writeFileSync(join(folder, 'inetrc'), '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n');
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    [
      `load_definitions = ${join(folder, 'definitions.json')}`,
      'vm_memory_high_watermark.absolute = 512MiB',
      `disk_free_limit.absolute = ${DISK_FREE_LIMIT_MIB}MiB`,
      'heartbeat = 10',
      'log.console = false',
      ...(more.conf ?? []),
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const env = environment(folder, { port, distribution, epmd, control });
  const file = (name: string): string => join(folder, 'log', name);
  let machine: Running | undefined;
  let names: Running | undefined;
  let ended: ((how: string) => void) | undefined;
  let beam: number | undefined;

  const start = async (): Promise<void> => {
    // Our own epmd in the foreground: one that RabbitMQ starts itself would outlive it.
    if (names?.alive() !== true)
      names = await run(
        {
          file: brokerProgram('epmd'),
          args: ['-port', String(epmd), '-address', '127.0.0.1'],
          env,
          logFile: file('epmd.out'),
        },
        guard,
      );
    // A machine whose launching script alone was killed still has the port.
    if (beam !== undefined) await endBeam(beam);
    rmSync(join(folder, 'pid'), { force: true }); // of an earlier run: not ours to signal
    machine = await run(
      { file: brokerProgram('rabbitmq-server'), args: [], env, logFile: file('stdout') },
      guard,
    );
    const started = machine;
    await until('RabbitMQ starting', START_LIMIT_MS, async () => {
      if (!started.alive()) {
        const why = lackOfSpace(folder) ?? lastWords(file('stdout'));
        throw new Hopeless(`RabbitMQ ended as it started: ${why}; see ${file('stdout')}`);
      }
      return existsSync(join(folder, 'pid')) && (await answersAmqp(port)) ? true : undefined;
    });
    beam = beamPid();
    guard?.add(beam);
    void started.exited.then((how) => {
      if (machine === started) ended?.(String(how));
    });
  };
  const beamPid = (): number => Number(readFileSync(join(folder, 'pid'), 'utf8'));
  const stop = async (): Promise<void> => {
    // The launching script waits for the machine and passes SIGTERM on; a clean end takes about 1.1 s.
    const running = machine;
    machine = undefined;
    await running?.stop(4000);
    if (beam !== undefined) {
      await endBeam(beam);
      guard?.remove(beam);
    }
    beam = undefined;
    await names?.stop(500);
    names = undefined;
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const urlOf = (user: string): string =>
    `amqp://${encodeURIComponent(user)}:${passwordOf(password, user)}@127.0.0.1:${port}/`;
  return {
    url: urlOf(users[0]?.name ?? ''),
    urlOf,
    port,
    env,
    get pid() {
      return beamPid();
    },
    stop,
    onEnd(report) {
      ended = report;
    },
    async kill() {
      const running = machine;
      machine = undefined;
      process.kill(beamPid(), 'SIGKILL');
      await running?.exited;
    },
    start,
  };
}

/** Nothing to do where it has ended, as it mostly has. */
async function endBeam(pid: number): Promise<void> {
  await until('RabbitMQ ending', END_LIMIT_MS, () => {
    try {
      process.kill(pid, 'SIGKILL');
      return undefined;
    } catch {
      return true;
    }
  });
}

/** Definitions only add users: a broker that has others, of an earlier version or other hosts, starts with an empty state. */
function forgetOthers(folder: string, users: readonly BrokerUser[]): void {
  const file = join(folder, 'users');
  const names = `${users
    .map(({ name }) => name)
    .sort((a, b) => (a < b ? -1 : 1))
    .join('\n')}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') === names) return;
  rmSync(join(folder, 'mnesia'), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, names, { mode: 0o600 });
}

/** A random word kept in a file that only we can read; made at the first call. */
function secret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o400, flag: 'wx' });
  return readFileSync(file, 'utf8');
}

interface Ports {
  readonly port: number;
  readonly distribution: number;
  readonly epmd: number;
  readonly control: number;
}

/** Every path and port that RabbitMQ would otherwise take from the system, or from the user's home. */
function environment(folder: string, ports: Ports): NodeJS.ProcessEnv {
  const loopback = '-kernel inet_dist_use_interface {127,0,0,1}';
  const at = (name: string): string => join(folder, name);
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: at('home'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    ERL_INETRC: at('inetrc'),
    // Its own epmd keeps the name apart from other deployments'; a fixed one finds its state again.
    RABBITMQ_NODENAME: 'ca@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.port),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_CTL_DIST_PORT_MIN: String(ports.control),
    RABBITMQ_CTL_DIST_PORT_MAX: String(ports.control + 5),
    RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: at('advanced.config'),
    RABBITMQ_CONFIG_FILES: at('conf.d'),
    RABBITMQ_MNESIA_BASE: at('mnesia'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_PID_FILE: at('pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
    RABBITMQ_FEATURE_FLAGS_FILE: at('feature_flags'),
    RABBITMQ_GENERATED_CONFIG_DIR: at('config'),
    RABBITMQ_MAX_NUMBER_OF_PROCESSES: '65536',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: loopback,
    RABBITMQ_CTL_ERL_ARGS: loopback,
  };
}
