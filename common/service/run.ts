/*
 * A service as a process: settings, log, dumps and the watchdog before it starts; one way to end. In: what to start.
 * Out: a process that shuts down cleanly on SIGTERM or SIGINT. Besides this file, only cannot-start.ts, panic.ts and
 * watchdog.ts handle signals or exit.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotStart, mustEnd } from './cannot-start';
import { SYSTEM_CLOCK, type Clock } from './clock';
import { messageOf } from './errors';
import { createLog, type Log } from './log';
import { Panic } from '../failure/panic';
import { ignoredSettings } from './setting-names';
import { readSettings, type Environment, type Settings } from './settings';
import { privateFolder } from './files/trusted-path';

export interface Host {
  readonly settings: Settings;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly panic: Panic;
}

export interface Running {
  /** Settles when the service has joined the bus, however long the broker is away; an error ends the process. */
  readonly joined: Promise<void>;
  /** Rejects when the service must end although nobody asked it to. */
  readonly ended?: Promise<never>;
  /** Shuts down cleanly. */
  readonly stop: () => Promise<void>;
}

export interface Service {
  /** For people: "config service cannot start: …". */
  readonly title: string;
  /** Name in log records and names of dumps: aggregator-0. */
  readonly name: (settings: Settings) => string;
  readonly start: (host: Host) => Promise<Running>;
  /** Milliseconds that stop() may take, after which the process exits anyway: a broker that is away never answers. */
  readonly stopMs: number;
  /** Checks settings that only this service reads; throws an INVALID error that names the wrong one. */
  readonly check: (settings: Settings, env: Environment) => void | Promise<void>;
  /** How the process exits; default: process.exit. */
  readonly exit?: (status: number) => never;
}

/** Starts the service in this process. An error during the start ends the process (cannot-start.ts). */
export function run(service: Service, { env, argv }: Pick<NodeJS.Process, 'env' | 'argv'>): void {
  (argv.includes('--check') ? check(service, env) : runOrThrow(service, env)).catch((error: unknown) =>
    cannotStart(service.title, error),
  );
}

/** `--check`: reports whether the settings are valid, and starts nothing. */
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
  const { joined, ended } = await starting;
  await Promise.race([joined, ...(ended === undefined ? [] : [ended])]);
  await sayReady(env);
  await ended?.catch((error: unknown) => mustEnd(service.title, error));
}

/** systemd creates this folder for a unit and removes it when the unit ends; rolling restarts wait for the file. */
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
