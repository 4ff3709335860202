/*
 * The settings of a deployment, from the environment. In: process.env, passed by a main.ts.
 * Out: checked values with their defaults, or an INVALID error that names the variable.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { checkBrokerUrls, checkEncrypted } from './broker-url';
import { invalid } from './errors';
import { isLoopback, readUnencrypted } from './networks';
import { checkNames } from './setting-names';
import type { Environment } from './setting-names';

export type { Environment } from './setting-names';

export interface Settings {
  /** CA_HTTP_PORT: port of the front door; aggregators take free ports from this + 3 on. */
  readonly httpPort: number;
  /** CA_AGGREGATOR_PORT: first port that aggregators try. */
  readonly aggregatorPort: number;
  readonly aggregator: {
    /** CA_AGGREGATOR_BIND, CA_AGGREGATOR_ADDRESS: where aggregators listen, and where the front door finds them. */
    readonly bind: string;
    readonly address: string;
    /** CA_AGGREGATOR_CERT, CA_AGGREGATOR_KEY: PEM files; aggregators speak HTTPS. */
    readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  };
  /** CA_AMQP_URL: the broker, or several URLs of one cluster. Services need it; `make run` starts a private one without it. */
  readonly amqpUrl: string | undefined;
  /** CA_AMQP_PREFIX: prefix of all routing keys, so that many deployments can share one broker. */
  readonly amqpPrefix: string;
  /** CA_HOME: state folder; by default one per port, so that two deployments in one checkout do not share it. */
  readonly home: string;
  /** CA_HOST: host name in values and routing keys. */
  readonly host: string;
  /** CA_INSTANCE: tells several services of one kind on this host apart. */
  readonly instance: string;
  /** CA_SOURCES: sources to use, in order of preference; undefined: all that work. */
  readonly sources: readonly string[] | undefined;
  /** CA_DTRACE: absolute path of dtrace, if not on PATH. */
  readonly dtrace: string | undefined;
  /** PATH. */
  readonly searchPath: string;
  /** CA_SEED: seed of the synthetic source's random numbers. */
  readonly seed: number;
  /** CA_PROBE_BUDGET: CPU budget of all probes of a node, in percent of the machine; undefined: 1, at least 5 % of a core. */
  readonly probeBudget: number | undefined;
  /** CA_GEOIP: a MaxMind database file; without it geolocation is not offered. */
  readonly geoip: string | undefined;
  /** CA_LOG_LEVEL: trace, debug, info, warn, error, fatal. */
  readonly logLevel: string;
  /** CA_METRICS_PORT: port of an instrumenter's /metrics, on loopback; 0: none. */
  readonly metricsPort: number;
  /** CA_WATCHDOG_S: seconds that a service may be stuck before it writes a dump; 0: no watchdog. */
  readonly watchdogS: number;
  /** CA_WATCHDOG_EXIT: seconds after which a stuck service is killed; 0: never. */
  readonly watchdogExitS: number;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

export const DEFAULT_PORT = 23_181;

export function readSettings(env: Environment): Settings {
  checkNames(env);
  const host = env['CA_HOST'] ?? hostname();
  if (!/^[\w.-]{1,200}$/.test(host)) throw invalid('CA_HOST', 'must be letters, digits, ".", "-" and "_"');
  const prefix = env['CA_AMQP_PREFIX'] ?? '';
  if (!/^[\w.-]{0,64}$/.test(prefix)) {
    throw invalid('CA_AMQP_PREFIX', 'must be at most 64 letters, digits, ".", "-" and "_"');
  }
  const instance = env['CA_INSTANCE'] ?? '0';
  if (!/^\w{1,64}$/.test(instance)) throw invalid('CA_INSTANCE', 'must be letters, digits and "_"');
  const httpPort = portOf(env, 'CA_HTTP_PORT', DEFAULT_PORT);
  return {
    httpPort,
    aggregatorPort: portOf(env, 'CA_AGGREGATOR_PORT', Math.min(httpPort + 3, 65_535)),
    aggregator: aggregatorOf(env),
    amqpUrl: urlOf(env, 'CA_AMQP_URL'),
    amqpPrefix: prefix,
    home: resolve(env['CA_HOME'] ?? defaultHome(httpPort)),
    host,
    instance,
    sources: namesOf(env, 'CA_SOURCES'),
    dtrace: env['CA_DTRACE'] === '' ? undefined : env['CA_DTRACE'],
    searchPath: env['PATH'] ?? '',
    seed: wholeOf(env, 'CA_SEED', 1),
    probeBudget: percentOf(env, 'CA_PROBE_BUDGET'),
    geoip: env['CA_GEOIP'] === '' ? undefined : env['CA_GEOIP'],
    logLevel: levelOf(env, 'CA_LOG_LEVEL'),
    metricsPort: portOf(env, 'CA_METRICS_PORT', 0),
    watchdogS: wholeOf(env, 'CA_WATCHDOG_S', 5),
    watchdogExitS: wholeOf(env, 'CA_WATCHDOG_EXIT', 20),
  };
}

/** Default state folder of `make run`, below the current folder. */
export function defaultHome(httpPort: number): string {
  return httpPort === DEFAULT_PORT ? '.run' : `.run/${httpPort}`;
}

/** For services: the broker's address, or an error that says how to get one. */
export function brokerUrl(settings: Settings): string {
  if (settings.amqpUrl !== undefined) return settings.amqpUrl;
  throw invalid(
    'CA_AMQP_URL',
    'must name the broker, such as amqp://user:password@127.0.0.1:5672/ (make run sets it)',
  );
}

function levelOf(env: Environment, name: string): string {
  const text = env[name] ?? '';
  if (text === '') return 'info';
  if (!LEVELS.includes(text)) throw invalid(name, `must be one of ${LEVELS.join(', ')}`);
  return text;
}

/** An empty list counts as not set. */
function namesOf(env: Environment, name: string): readonly string[] | undefined {
  const names = (env[name] ?? '').split(',').map((one) => one.trim());
  const given = names.filter((one) => one !== '');
  return given.length === 0 ? undefined : given;
}

/** Addresses, not names: the config service accepts only those in CA_AGGREGATOR_NETWORKS. */
function aggregatorOf(env: Environment): Settings['aggregator'] {
  const [bind = '', address = ''] = ['CA_AGGREGATOR_BIND', 'CA_AGGREGATOR_ADDRESS'].map((name) => {
    const text = env[name] ?? '';
    if (text !== '' && isIP(text) === 0) throw invalid(name, 'must be an IP address, such as 10.77.0.11');
    return text;
  });
  const listening = bind === '' ? '127.0.0.1' : bind;
  if (address === '' && /^[0.:]+$/.test(listening) && listening !== '::1') {
    throw invalid('CA_AGGREGATOR_ADDRESS', `must be set where CA_AGGREGATOR_BIND is ${listening}`);
  }
  const [certFile = '', keyFile = ''] = [env['CA_AGGREGATOR_CERT'], env['CA_AGGREGATOR_KEY']];
  if ((certFile === '') !== (keyFile === ''))
    throw invalid(
      certFile === '' ? 'CA_AGGREGATOR_CERT' : 'CA_AGGREGATOR_KEY',
      'is needed too: certificate and key go together',
    );
  const found = { bind: listening, address: address === '' ? listening : address };
  if (certFile !== '') return { ...found, tls: { certFile, keyFile } };
  if (!isLoopback(found.address) && !readUnencrypted(env).has('aggregators'))
    throw invalid(
      'CA_AGGREGATOR_ADDRESS',
      `is ${found.address}, and values would travel there in the open; fix: set CA_AGGREGATOR_CERT and CA_AGGREGATOR_KEY, or ` +
        'CA_UNENCRYPTED=aggregators where the network itself is encrypted',
    );
  return { ...found, tls: undefined };
}

function portOf(env: Environment, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(name, 'must be a port, 1 to 65535');
  return port;
}

function wholeOf(env: Environment, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw invalid(name, 'must be a whole number, 0 or more');
  return number;
}

function percentOf(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw invalid(name, 'must be a number of percent above 0');
  return number;
}

function urlOf(env: Environment, name: string): string | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  checkBrokerUrls(name, text);
  checkEncrypted(name, text, env);
  return text;
}
