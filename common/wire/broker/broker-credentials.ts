/*
 * Credentials for the broker, and its authorities, besides what its URL says. In: files that the environment names. Out:
 * certificates, renewed while we run.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { invalid } from '../../service/errors';
import type { Log } from '../../service/log';
import type { Environment } from '../../service/settings';
import { trustedText } from '../../service/files/trusted-path';
import { watchFiles } from '../../service/files/watched-files';

/** Credentials that are not in the URL. Their texts are replaced in place on renewal. */
export interface BrokerCredentials {
  /** Lists that amqplib keeps and Node.js reads at each connection. */
  readonly tls: { readonly ca?: string[]; readonly cert?: string[]; readonly key?: string[] };
  /** Our user at the broker when the URL names none: the certificate's common name, or the token's subject. */
  readonly user: string | undefined;
  /** In place of the URL's password. */
  readonly secret?: () => string;
  /** Calls the listener with each new secret, so that an open connection gets it. */
  readonly onSecret?: (listener: (secret: string) => void) => void;
  /** To be called when the broker refused the credential. */
  readonly refused?: () => void;
}

interface TlsFiles {
  /** CA_AMQP_CA: trusted authorities, in place of the system's. */
  readonly caFile: string | undefined;
  /** CA_AMQP_CERT, CA_AMQP_KEY: our client certificate. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

function tlsFilesOf(env: Environment): TlsFiles {
  const file = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const files = {
    caFile: file('CA_AMQP_CA'),
    certFile: file('CA_AMQP_CERT'),
    keyFile: file('CA_AMQP_KEY'),
  };
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    throw invalid(
      files.certFile === undefined ? 'CA_AMQP_CERT' : 'CA_AMQP_KEY',
      'is needed too: certificate and key go together',
    );
  }
  return files;
}

/** With `log` (a long-running process), files are read again when they change. */
export async function readBrokerCredentials(env: Environment, log?: Log): Promise<BrokerCredentials> {
  const { caFile, certFile, keyFile } = tlsFilesOf(env);
  const read = async (): Promise<Record<'ca' | 'cert' | 'key', string | undefined>> => ({
    ca: caFile === undefined ? undefined : await trustedText('CA_AMQP_CA', caFile),
    cert: certFile === undefined ? undefined : await trustedText('CA_AMQP_CERT', certFile),
    key: keyFile === undefined ? undefined : await trustedText('CA_AMQP_KEY', keyFile, true),
  });
  const tls: Record<string, string[]> = {};
  let user: string | undefined;
  const use = (now: Record<string, string | undefined>): void => {
    createSecureContext({ ca: now['ca'], cert: now['cert'], key: now['key'] });
    const name = now['cert'] === undefined ? undefined : commonName(now['cert']);
    if (user !== undefined && name !== user) {
      throw invalid('CA_AMQP_CERT', `is another user's now: ${name ?? 'nobody'} in place of ${user}`);
    }
    user = name;
    for (const [part, text] of Object.entries(now)) {
      if (text === undefined) continue;
      // In place: amqplib has the list.
      (tls[part] ??= []).splice(0, Infinity, text);
    }
  };
  if (log === undefined || (caFile ?? certFile) === undefined) use(await read());
  else await watchFiles({ what: 'the certificate for the broker', read, use, log });
  return { tls, user };
}

/** RabbitMQ's user of a client certificate, with `ssl_cert_login_from = common_name`. */
function commonName(pem: string): string {
  const [, name] = /^CN=(.*)$/m.exec(new X509Certificate(pem).subject) ?? [];
  if (name === undefined)
    throw invalid('CA_AMQP_CERT', 'has no common name, which is the user of the broker');
  return name;
}
