/*
 * What operators keep in files: tokens, customers, certificates; and the secret that this service keeps itself.
 * In: paths. Out: their checked contents; reloaded on request, where a bad file changes nothing.
 */
import { randomBytes } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CertificateFiles } from '../../../common/http/certificate-files';
import type { Log } from '../../../common/service/log';
import type { Environment } from '../../../common/service/settings';
import { watchFiles } from '../../../common/service/files/watched-files';
import { trustedText } from '../../../common/service/files/trusted-path';
import type { Storage } from '../state/storage';
import type { Access } from './access';
import { NO_CUSTOMERS, parseCustomers, type Customers } from '../fleet/customers';
import type { Authorities } from './upstream/upstream';
import { parseTokens, type Tokens } from './tokens';

interface OperatorFiles {
  readonly tokens: Tokens | undefined;
  readonly customers: Customers;
  /** Reads both again. Rejects, with everything as it was, when either is not valid. */
  reload(): Promise<void>;
}

export async function readOperatorFiles(access: Access): Promise<OperatorFiles> {
  const read = async (): Promise<{ tokens: Tokens | undefined; customers: Customers }> => ({
    tokens:
      access.tokensFile === undefined
        ? undefined
        : parseTokens(await trustedText('CA_TOKENS', access.tokensFile)),
    customers:
      access.customersFile === undefined
        ? NO_CUSTOMERS
        : parseCustomers(await trustedText('CA_CUSTOMERS', access.customersFile)),
  });
  let current = await read();
  return {
    get tokens() {
      return current.tokens;
    },
    get customers() {
      return current.customers;
    },
    async reload() {
      current = await read();
    },
  };
}

/** CA_TLS_CERT and CA_TLS_KEY. */
export function frontCertificate(files: NonNullable<Access['tls']>, log: Log): Promise<CertificateFiles> {
  return CertificateFiles.open({
    what: 'the certificate of the front door',
    settings: ['CA_TLS_CERT', 'CA_TLS_KEY'],
    ...files,
    log,
  });
}

/** CA_AGGREGATOR_CA: trusted authorities of aggregators; renewed while we run. */
export async function aggregatorAuthorities(env: Environment, log: Log): Promise<Authorities> {
  const file = env['CA_AGGREGATOR_CA'] ?? '';
  if (file === '') return () => ({});
  let ca = '';
  await watchFiles({
    what: 'the authority of aggregators',
    log,
    read: () => trustedText('CA_AGGREGATOR_CA', file),
    use: (text) => {
      createSecureContext({ ca: text });
      ca = text;
    },
  });
  return () => ({ ca });
}

/** Persistent, so that aggregators go on answering after a restart. */
export async function frontDoorSecret(storage: Storage): Promise<string> {
  const document = storage('front-door');
  const known = (await document.read()) ?? '';
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const fresh = randomBytes(32).toString('hex');
  await document.write(fresh);
  return fresh;
}
