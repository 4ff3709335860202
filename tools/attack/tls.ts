/*
 * TLS versions and ciphers that a front door accepts. In: a system beside which one is started. Out: an outcome.
 */
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { makeCertificate } from '../testing/certificate';
import { broken, verdict, type Outcome } from './attack';
import { TOKENS, type System } from './system';

const REFUSED: readonly (readonly [SecureVersion, string])[] = [
  ['TLSv1', 'ALL:@SECLEVEL=0'],
  ['TLSv1.1', 'ALL:@SECLEVEL=0'],
  ['TLSv1.2', 'AES128-SHA:@SECLEVEL=0'],
  ['TLSv1.2', 'ECDHE-RSA-AES128-SHA256'],
  ['TLSv1.2', 'AES128-GCM-SHA256'],
];

export async function overTls(system: System): Promise<Outcome> {
  const file = (name: string): string => join(system.home, 'another-tls', name);
  const stack = await system.another('tls', {
    aggregators: 0,
    prepare: (home) => {
      makeCertificate(home);
      chmodSync(join(home, 'key.pem'), 0o600);
      const hash = createHash('sha256').update(TOKENS.operator).digest('hex');
      writeFileSync(join(home, 'tokens'), `operator operator ${hash}\n`, { mode: 0o600 });
    },
    env: { CA_TLS_CERT: file('cert.pem'), CA_TLS_KEY: file('key.pem'), CA_TOKENS: file('tokens') },
  });
  const port = Number(new URL(stack.url).port);
  const hsts = await new Promise<string | undefined>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/healthz',
      ca: readFileSync(file('cert.pem')),
      agent: false,
    };
    get(options, (answer) => {
      answer.resume();
      resolve(answer.headers['strict-transport-security']);
    }).on('error', reject);
  });
  if (hsts === undefined) return broken('no Strict-Transport-Security');
  const agreed: string[] = [];
  for (const [version, ciphers] of REFUSED) {
    if (await agrees(port, version, ciphers)) agreed.push(`${version} with ${ciphers}`);
  }
  return verdict(agreed);
}

function agrees(port: number, version: SecureVersion, ciphers: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { minVersion: version, maxVersion: version, ciphers, rejectUnauthorized: false };
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
