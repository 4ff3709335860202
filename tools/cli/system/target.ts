/*
 * The deployment to use. In: flags, environment, files. Out: its addresses, each with its origin.
 *
 * The first that is set wins, for each setting separately: a flag; the environment; the context given by name;
 * CA_HOME/connection.json when CA_HOME is set; the config file's current context; ./.run/connection.json, which
 * `make run` writes; the default port on this machine.
 */
import { parseDocument } from './document';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../common/service/errors';
import { distrustOf } from '../../../common/service/files/trusted-path';
import { checkBrokerUrls } from '../../../common/service/broker-url';
import { DEFAULT_PORT, defaultHome } from '../../../common/service/settings';
import { UsageError, type Options } from '../options';
import type { Io } from '../io';

export interface Facts {
  readonly url?: string;
  readonly amqpUrl?: string;
  readonly prefix?: string;
  readonly token?: string;
  /** Customer whose instrumentations are used; absent: all of them, as operators see them. */
  readonly customer?: string;
}

export interface Target extends Facts {
  readonly url: string;
  readonly prefix: string;
  /** The origin of each setting, for display. */
  readonly origins: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

export interface ConfigFile {
  readonly path: string;
  readonly current?: string;
  readonly contexts: ReadonlyMap<string, Facts>;
}

const NAMES = ['url', 'amqpUrl', 'prefix', 'token', 'customer'] as const;
const FLAGS = {
  url: 'url',
  amqpUrl: 'amqp-url',
  prefix: 'prefix',
  token: 'token',
  customer: 'customer',
} as const;
const VARIABLES = {
  url: 'CA_URL',
  amqpUrl: 'CA_AMQP_URL',
  prefix: 'CA_AMQP_PREFIX',
  token: 'CA_TOKEN',
  customer: 'CA_CUSTOMER',
} as const;

const DEFAULT_URL = 'http://127.0.0.1:23181/';
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Throws a UsageError for an invalid address, and for a context that does not exist. */
export function findTarget(io: Pick<Io, 'env' | 'cwd'>, options: Options): Target {
  const { env } = io;
  const warnings: string[] = [];
  const places: [string, Facts][] = [
    ['flag', pick((name) => options.get(FLAGS[name]))],
    ['environment', pick((name) => env[VARIABLES[name]])],
  ];
  const file = readConfigFile(io, options, warnings);
  const wanted = options.get('context') ?? env['CA_CONTEXT'];
  if (wanted !== undefined && wanted !== '') places.push([`context ${wanted}`, contextNamed(file, wanted)]);
  if (env['CA_HOME'] !== undefined) places.push(...connection(env['CA_HOME'], warnings));
  if (wanted === undefined && file.current !== undefined) {
    places.push([`context ${file.current}`, contextNamed(file, file.current)]);
  }
  if (env['CA_HOME'] === undefined) {
    places.push(...connection(join(io.cwd, defaultHome(portOf(env))), warnings));
  }
  const port = portOf(env);
  const [origin, url] =
    port === DEFAULT_PORT ? ['default', DEFAULT_URL] : ['CA_HTTP_PORT', `http://127.0.0.1:${port}/`];
  places.push([origin, { url }], ['default', { prefix: '' }]);

  const found: Record<string, string> = {};
  const origins = new Map<string, string>();
  for (const name of NAMES) {
    const place = places.find(([, facts]) => facts[name] !== undefined);
    const value = place?.[1][name];
    if (place === undefined || value === undefined) continue;
    check(name, value, place[0]);
    found[name] = value;
    origins.set(name, place[0]);
  }
  const [tokenFrom, urlFrom] = [origins.get('token'), origins.get('url') ?? 'default'];
  if (tokenFrom !== undefined && !maySend(tokenFrom, urlFrom, found['url'] ?? DEFAULT_URL, io)) {
    delete found['token'];
    origins.delete('token');
    warnings.push(
      `the token from ${tokenFrom} is not sent to the address from ${urlFrom}; fix: name the address with --url or CA_URL, beside the token`,
    );
  }
  return { url: DEFAULT_URL, prefix: '', ...found, origins, warnings };
}

/**
 * A token goes to the address that it was given with. One from a flag or the environment was given by hand, and so may go to
 * any address given by hand; a file in the current folder was not, and is used for this machine only.
 */
function maySend(
  tokenFrom: string,
  urlFrom: string,
  url: string,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): boolean {
  if (tokenFrom === urlFrom) return true;
  if (tokenFrom !== 'flag' && tokenFrom !== 'environment') return false;
  const isHere =
    env['CA_HOME'] === undefined && urlFrom === connectionFile(join(cwd, defaultHome(portOf(env))));
  return !isHere || LOOPBACK.test(new URL(url).hostname);
}

/** The front door's port as `make run` reads it; an invalid port is ignored. */
function portOf(env: Io['env']): number {
  const port = env['CA_HTTP_PORT'] ?? '';
  return /^[1-9]\d{0,4}$/.test(port) ? Number(port) : DEFAULT_PORT;
}

function pick(value: (name: (typeof NAMES)[number]) => string | undefined): Facts {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const text = value(name);
      return text === undefined || text === '' ? [] : [[name, text]];
    }),
  );
}

function check(name: (typeof NAMES)[number], value: string, origin: string): void {
  // Messages do not contain the values: they may hold a password.
  if (name === 'url' && !(/^https?:\/\//.test(value) && URL.canParse(value))) {
    throw new UsageError(`the URL from ${origin} must be like ${DEFAULT_URL}`);
  }
  if (name === 'amqpUrl') {
    try {
      checkBrokerUrls('', value);
    } catch {
      throw new UsageError(
        `the broker's URL from ${origin} must be like amqp://user:password@127.0.0.1:5672/`,
      );
    }
  }
}

function connection(home: string, warnings: string[]): [string, Facts][] {
  const path = connectionFile(home);
  // Its author would receive our token and our commands.
  const why = distrustOf(path) ?? distrustOf(home);
  if (why !== undefined) {
    warnings.push(
      `${path} is left out: it, or its folder, ${why}; fix: remove it, or name the address with --url`,
    );
    return [];
  }
  const text = read(path);
  if (text === undefined) {
    const uid = refusedBy(path, home);
    if (uid !== undefined) {
      const whom = uid === 0 ? 'root' : `user ${uid}`;
      warnings.push(
        `${path} is for ${whom}, who started that system; fix: run this as ${whom} (sudo), or ask its owner for a token`,
      );
    }
    return [];
  }
  try {
    const facts = JSON.parse(text) as Record<string, unknown>;
    return [[path, pick((name) => textOf(facts[name]))]];
  } catch (error) {
    warnings.push(`${path} is not JSON (${messageOf(error)}); it is left out`);
    return [];
  }
}

function connectionFile(home: string): string {
  return join(home, 'connection.json');
}

/** The owner of a file that may not be read; undefined: it does not exist. */
function refusedBy(path: string, home: string): number | undefined {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
    return statSync(home).uid;
  }
  return undefined;
}

function configPath(env: Io['env'], options: Options): string {
  const given = options.get('config') ?? env['CA_CONFIG'];
  if (given !== undefined && given !== '') return given;
  const base = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/', '.config');
  return join(base, 'cactl', 'config.yaml');
}

/** A missing file counts as empty, unless it was given by name. */
export function readConfigFile(io: Pick<Io, 'env'>, options: Options, warnings: string[] = []): ConfigFile {
  const path = configPath(io.env, options);
  const text = read(path);
  if (text === undefined) {
    if (options.has('config')) throw new UsageError(`${path} cannot be read`);
    return { path, contexts: new Map() };
  }
  const content = parseDocument(text, path);
  const plain = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const contexts = Object.entries((plain['contexts'] ?? {}) as Record<string, unknown>).map(
    ([name, facts]): [string, Facts] => [
      name,
      pick((key) => textOf((facts as Record<string, unknown> | null)?.[key])),
    ],
  );
  const current = textOf(plain['current']);
  const holdsSecrets = contexts.some(([, f]) => f.token !== undefined || /:[^/]*@/.test(f.amqpUrl ?? ''));
  if (holdsSecrets && (statSync(path).mode & 0o077) !== 0) {
    warnings.push(`others can read the secrets in ${path}; fix: chmod 600 ${path}`);
  }
  return { path, contexts: new Map(contexts), ...(current === undefined ? {} : { current }) };
}

function contextNamed(file: ConfigFile, name: string): Facts {
  const facts = file.contexts.get(name);
  if (facts !== undefined) return facts;
  const names = [...file.contexts.keys()].join(', ');
  throw new UsageError(
    `there is no context ${name} in ${file.path}${names === '' ? '' : `; there are ${names}`}`,
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
