/*
 * Settings of nodes' credentials. In: the environment. Out: their issuer, what each node gets with them, and the
 * authority of the front door, for nodes that know its fingerprint.
 */
import type { JoinedAnswer } from '../../../common/api/join';
import { brokerUrls, checkBrokerUrls } from '../../../common/service/broker-url';
import { CaError, invalid } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { isLoopback } from '../../../common/service/networks';
import type { Environment } from '../../../common/service/settings';
import { trustedText } from '../../../common/service/files/trusted-path';
import { watchFiles } from '../../../common/service/files/watched-files';
import type { Routes } from '../../../common/wire/route';
import {
  passwordIssuer,
  tokenIssuer,
  type CredentialIssuer,
  type Management,
} from '../fleet/enrolment/credentials';
import type { Storage } from '../state/storage';
import { TokenSigner } from '../fleet/enrolment/token-signer';

export interface EnrolmentSettings {
  /** CA_NODE_CREDENTIALS; undefined: nodes get none here. */
  readonly issuer: CredentialIssuer | undefined;
  readonly signer: TokenSigner | undefined;
  readonly told: () => Pick<JoinedAnswer, 'brokers' | 'prefix' | 'brokerCa'>;
  /** CA_TLS_CA, as PEM. */
  readonly authority: () => string | undefined;
}

interface Parts {
  readonly env: Environment;
  readonly storage: Storage;
  readonly amqpUrl: string;
  readonly routes: Routes;
  readonly log: Log;
  readonly now: () => number;
}

const LIFETIME_S = { least: 60, most: 86_400, usual: 3600 };

export async function readEnrolment({
  env,
  storage,
  amqpUrl,
  routes,
  log,
  now,
}: Parts): Promise<EnrolmentSettings> {
  const brokers = brokersOf(env, amqpUrl);
  const brokerCa = await watchedAuthority(env, ['CA_NODE_AMQP_CA', 'CA_AMQP_CA'], log);
  const authority = await watchedAuthority(env, ['CA_TLS_CA'], log);
  const vhost = decodeURIComponent(new URL(brokerUrls(brokers)[0] ?? '').pathname.slice(1)) || '/';
  const told = (): ReturnType<EnrolmentSettings['told']> => {
    const pem = brokerCa();
    return { brokers, prefix: routes.prefix, ...(pem === undefined ? {} : { brokerCa: pem }) };
  };
  const kind = env['CA_NODE_CREDENTIALS'] ?? '';
  if (kind === '') return { issuer: undefined, signer: undefined, told, authority };
  if (kind === 'token') {
    const signer = await TokenSigner.open(storage);
    const audience = env['CA_TOKEN_AUDIENCE'] ?? 'cloud-analytics';
    if (!/^[\w-]{1,64}$/.test(audience))
      throw invalid('CA_TOKEN_AUDIENCE', 'must be at most 64 letters, digits, "-" and "_"');
    const lifetimeS = lifetimeOf(env);
    const management = managementOf(env, brokerCa);
    const issuer = tokenIssuer({ signer, routes, audience, vhost, lifetimeS, now, management });
    return { issuer, signer, told, authority };
  }
  if (kind !== 'password') throw invalid('CA_NODE_CREDENTIALS', 'must be token or password');
  const management = managementOf(env, brokerCa);
  if (management === undefined)
    throw invalid(
      'CA_BROKER_MANAGEMENT',
      `is needed for CA_NODE_CREDENTIALS=password, ${MANAGEMENT_EXAMPLE}`,
    );
  const issuer = passwordIssuer({ management, routes, vhost });
  return { issuer, signer: undefined, told, authority };
}

/** CA_NODE_AMQP_URL: where nodes find the broker, by default where we do; users and passwords are each node's own. */
function brokersOf(env: Environment, amqpUrl: string): string {
  const text = env['CA_NODE_AMQP_URL'] ?? '';
  const urls = brokerUrls(text === '' ? amqpUrl : checkBrokerUrls('CA_NODE_AMQP_URL', text));
  return urls
    .map((url) => {
      const parsed = new URL(url);
      parsed.username = '';
      parsed.password = '';
      return parsed.toString();
    })
    .join(',');
}

const MANAGEMENT_EXAMPLE = 'such as https://administrator:password@broker.example:15671/';

function managementOf(env: Environment, ca: Management['ca']): Management | undefined {
  const text = env['CA_BROKER_MANAGEMENT'] ?? '';
  if (text === '') return undefined;
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw invalid(
      'CA_BROKER_MANAGEMENT',
      `must be the URL of the broker's management API, ${MANAGEMENT_EXAMPLE}`,
    );
  const { protocol, hostname } = new URL(text);
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')) && hostname !== 'localhost') {
    throw new CaError(
      'INVALID',
      `CA_BROKER_MANAGEMENT: the administrator's password would travel to ${hostname} in the open; fix: use https://`,
      { field: 'CA_BROKER_MANAGEMENT' },
    );
  }
  return { url: text, ca };
}

function lifetimeOf(env: Environment): number {
  const { least, most, usual } = LIFETIME_S;
  const seconds = Number(env['CA_TOKEN_LIFETIME'] ?? usual);
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  throw invalid('CA_TOKEN_LIFETIME', `must be whole seconds from ${least} to ${most}`);
}

/** The first of these settings that names a file; its text is that of now. */
export async function watchedAuthority(
  env: Environment,
  names: readonly string[],
  log: Log,
): Promise<() => string | undefined> {
  const name = names.find((one) => (env[one] ?? '') !== '');
  const file = env[name ?? ''];
  if (name === undefined || file === undefined) return () => undefined;
  let text: string | undefined;
  await watchFiles({
    what: `what ${name} names`,
    log,
    read: () => trustedText(name, file),
    use: (now) => {
      if (!now.includes('-----BEGIN CERTIFICATE-----'))
        throw invalid(name, 'must be a file of PEM certificates');
      text = now;
    },
  });
  return () => text;
}
