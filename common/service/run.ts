/*
 * A service as a process: settings, log, dumps and the watchdog before it starts; one way to end. In: what to start.
 * Out: a process that stops in order on SIGTERM or SIGINT. With cannot-start.ts, panic.ts and watchdog.ts the only code
 * of a service that takes signals or exits.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotStart } from './cannot-start';
import { SYSTEM_CLOCK, type Clock } from './clock';
import { messageOf } from './errors';
import { createLog, type Log } from './log';
import { Panic } from '../failure/panic';
import { ignoredSettings } from './setting-names';
import { readSettings, type Environment, type Settings } from './settings';
import { privateFolder } from './trusted-path';

export interface Host {
  readonly settings: Settings;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly panic: Panic;
}

export interface Running {
  /** Settles when the service has its place on the bus, however long the broker is away; an error ends the process. */
  readonly joined: Promise<void>;
  /** Ends in order. */
  readonly stop: () => Promise<void>;
}

export interface Service {
  /** For people: "config service cannot start: …". */
  readonly title: string;
  /** In log records and names of dumps: aggregator-0. */
  readonly name: (settings: Settings) => string;
  readonly start: (host: Host) => Promise<Running>;
  /** Milliseconds that stop() may take. After that the process exits all the same: a broker that is away never answers. */
  readonly stopMs: number;
  /** Settings that this service alone reads; an INVALID error names the one that is wrong. */
  readonly check: (settings: Settings, env: Environment) => void | Promise<void>;
  /** How the process exits; process.exit where this is left out. */
  readonly exit?: (status: number) => never;
}

/** Starts the service in this process. Errors of the start end the process (cannot-start.ts). */
export function run(service: Service, { env, argv }: Pick<NodeJS.Process, 'env' | 'argv'>): void {
  (argv.includes('--check') ? check(service, env) : runOrThrow(service, env)).catch((error: unknown) =>
    cannotStart(service.title, error),
  );
}

/** `--check`: says whether the service would accept its settings, and starts nothing. */
async function check(service: Service, env: Environment): Promise<void> {
  await service.check(readSettings(env), env);
  for (const line of ignoredSettings(env)) process.stdout.write(`${service.title}: ignored: ${line}\n`);
  process.stdout.write(`${service.title}: its settings are in order\n`);
}

async function runOrThrow(service: Service, env: Environment): Promise<void> {
  const settings = readSettings(env);
  await service.check(settings, env);
  privateFolder('CA_HOME', settings.home);
  const name = service.name(settings);
  const clock = SYSTEM_CLOCK;
  const panic = new Panic({ service: name, settings, env, clock, log: createLog(name, settings.logLevel) });
  panic.install();
  const { log } = panic;
  for (const line of ignoredSettings(env)) log.info({}, `ignored: ${line}`);
  const starting = service.start({ settings, env, clock, log, panic });
  stopOnSignals(service, starting, log);
  await (
    await starting
  ).joined;
  await sayReady(env);
}

/** systemd makes this folder for a unit and removes it with the unit's end: who restarts services one by one waits for the file. */
async function sayReady({ RUNTIME_DIRECTORY: folder }: Environment): Promise<void> {
  if (folder !== undefined && folder !== '') await writeFile(join(folder, 'ready'), `${process.pid}\n`);
}

function stopOnSignals(service: Service, starting: Promise<Running>, log: Log): void {
  const exit: (status: number) => never = service.exit ?? ((status) => process.exit(status));
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.warn({ ms: service.stopMs }, 'could not stop in time');
      exit(0);
    }, service.stopMs).unref();
    try {
      await (await starting).stop();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'could not stop in order');
    }
    exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
}
