/*
 * Names of all settings. In: an environment. Out: an INVALID error for a misspelt name, which would otherwise be
 * ignored; and names without a meaning here, for services and `make run` to report.
 */
import { isSlip, nearest } from '../model/nearest';
import { invalid } from './errors';

/** Environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'CA_';

export const SETTING_NAMES = `
  NODE MACHINES HTTP_PORT AMQP_URL AMQP_PREFIX AMQP_CA AMQP_CERT AMQP_KEY HOME HOST INSTANCE SOURCES SEED PROBE_BUDGET DTRACE GEOIP LOG_LEVEL
  STATE PAIR_ADDRESS BIND NAMES TOKENS CUSTOMERS CORS TLS_CERT TLS_KEY BEHIND_PROXY UNENCRYPTED
  AGGREGATOR_PORT AGGREGATOR_BIND AGGREGATOR_ADDRESS AGGREGATOR_CERT AGGREGATOR_KEY AGGREGATOR_CA AGGREGATOR_NETWORKS
  NODE_CREDENTIALS NODE_AMQP_URL NODE_AMQP_CA BROKER_MANAGEMENT TOKEN_AUDIENCE TOKEN_LIFETIME DOOR NODE_SECRET JOIN_TOKEN
  METRICS_PORT WATCHDOG_S WATCHDOG_EXIT PUSH_OTLP PUSH_REMOTE_WRITE PUSH_ALL PUSH_TEMPORALITY PUSH_HEADERS HISTORY_MAX
  BEGIN_ANEW
  URL TOKEN TLS_CA CONFIG CONTEXT CUSTOMER
  CHROMIUM DEBIAN_MIRROR ERLANG SYSTEM FUZZ_RUNS FUZZ_SEED TEST_BROKER TEST_ENABLING_SECONDS DOOR_SECONDS WRITE_DOCS
`
  .trim()
  .split(/\s+/);

/** CA also stands for certificate authority: such names belong to other programs. */
const AUTHORITIES = /CERT|BUNDLE|FILE|PATH|DIR|STORE|CRT|PEM|ROOT|TRUST|KEY/;

const MENTIONED_MAX = 5;

/**
 * Throws for a name that is one edit away from one of ours: no two settings of any release are that near. Returns other
 * CA_ names that are not ours: settings of a newer release must not keep an older one from starting.
 */
export function checkNames(env: Environment): string[] {
  const known = new Set(SETTING_NAMES);
  const strange = Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name] !== undefined)
    .map((name) => name.slice(PREFIX.length))
    .filter((word) => !known.has(word) && /^\w{1,64}$/.test(word));
  for (const word of strange) {
    const meant = AUTHORITIES.test(word)
      ? undefined
      : SETTING_NAMES.find((name) => isSlip(word.toUpperCase(), name));
    if (meant !== undefined)
      throw invalid(`${PREFIX}${word}`, `is no setting; did you mean ${PREFIX}${meant}?`);
  }
  return strange.map((word) => `${PREFIX}${word}`).slice(0, MENTIONED_MAX);
}

/** A line for each name that checkNames lets pass: it may be a newer release's, another program's, or a slip after all. */
export function ignoredSettings(env: Environment): string[] {
  return checkNames(env).map((name) => {
    const word = name.slice(PREFIX.length);
    const meant = AUTHORITIES.test(word) ? undefined : nearest(word.toUpperCase(), SETTING_NAMES);
    const hint = meant === undefined ? '' : `; did you mean ${PREFIX}${meant}?`;
    return `${name}, no setting of this release has this name${hint}`;
  });
}
