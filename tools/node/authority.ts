/*
 * The trusted authority of the front door. In: a file of certificates, or the fingerprint of one. Out: PEM. With a fingerprint
 * the certificate is fetched from the door itself, over an unverified connection: it is trusted because of the fingerprint,
 * and nothing else is sent on that connection.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AUTHORITY } from '../../common/api/join';
import { askDoor } from '../../common/http/door-client';
import { checker } from '../../common/model/schema';
import { CaError, messageOf } from '../../common/service/errors';
import { UsageError } from '../cli/options';

const checkAuthority = checker(AUTHORITY, 'answer');
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

export function authorityOfFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`the certificates of --ca cannot be read: ${messageOf(error)}`);
  }
  if (certificatesIn(text).length === 0) throw new UsageError(`${path} has no PEM certificate in it`);
  return text;
}

/** Throws FORBIDDEN: the door has another authority, or the connection is intercepted. */
export async function authorityByPin(url: string, pin: string): Promise<string> {
  const wanted = pinOf(pin);
  const { json } = await askDoor({ url, unchecked: true }, '/ca/authority');
  for (const pem of certificatesIn(checkAuthority(json).pem))
    if (fingerprint(pem) === wanted) return `${pem}\n`;
  throw new CaError(
    'FORBIDDEN',
    `no certificate of ${url} has the fingerprint that --ca-pin says: it is another fleet's, its authority was changed, or somebody stands in between`,
  );
}

/** As `openssl x509 -fingerprint -sha256` prints it, with or without colons. */
export function pinOf(text: string): string {
  const hex = text
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new UsageError('--ca-pin must be sha256: and 64 hexadecimal digits');
  return hex;
}

export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

export function fingerprint(pem: string): string {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return ''; // not a certificate: it matches no fingerprint
  }
}
