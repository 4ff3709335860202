import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { certificateMetrics } from '../prometheus/metrics/own-metrics';
import { CertificateFiles } from './certificate-files';
import { serve, type HttpServer } from './http';
import { SILENT } from '../service/log';

/** A self-signed certificate for two days; undefined without openssl. */
function certificate(): { cert: string; key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ca-tls-test-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = [
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
  ];
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, '-out', cert, ...options],
      {
        stdio: 'ignore',
      },
    );
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } catch {
    process.stdout.write('skipped: HTTPS is not tested, because openssl is not installed\n');
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const route = { method: 'GET', path: '/', handle: () => ({ json: { safe: true } }) } as const;
const tls = certificate();
let server: HttpServer;
beforeEach(async () => {
  const patience = { headersMs: 300, checkMs: 20 };
  const usual = { name: 'test', routes: [route], host: '127.0.0.1', port: 0, log: SILENT, patience };
  server = await serve({ ...usual, tls });
});
afterEach(() => server.close());

const secured = tls === undefined ? test.skip : test;

secured('with a certificate the server speaks HTTPS, and nothing else', async () => {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(
      { host: '127.0.0.1', servername: 'localhost', port: server.port, ca: tls?.cert, agent: false },
      resolve,
    ).on('error', reject);
  });
  let text = '';
  for await (const piece of answer as AsyncIterable<Buffer>) text += piece.toString();
  expect(text).toBe('{"safe":true}\n');
  expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d{8}$/);
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
});

secured.each([
  ['TLSv1.2', 'AES128-SHA', false],
  ['TLSv1.2', 'AES256-GCM-SHA384', false],
  ['TLSv1.2', 'ECDHE-RSA-AES128-SHA256', false],
  ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256', true],
  ['TLSv1.1', 'ALL:@SECLEVEL=0', false],
] as const)('%s with %s is taken: %s', async (version, ciphers, taken) => {
  const agreed = await new Promise<boolean>((resolve) => {
    const options = { minVersion: version, maxVersion: version, ciphers, rejectUnauthorized: false } as const;
    const socket = connectTls({ host: '127.0.0.1', port: server.port, ...options }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
  expect(agreed).toBe(taken);
});

secured('a client that begins no handshake is let go', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
});

secured('when its certificate ends is a metric of the service', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-tls-test-'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, tls?.cert ?? '', { mode: 0o600 });
  writeFileSync(keyFile, tls?.key ?? '', { mode: 0o600 });
  const settings = ['CA_TLS_CERT', 'CA_TLS_KEY'] as const;
  const files = await CertificateFiles.open({ what: 'test', settings, certFile, keyFile, log: SILENT });
  try {
    const [family] = certificateMetrics(files);
    const twoDays = Date.now() / 1000 + 2 * 86_400;
    expect(family?.name).toBe('ca_certificate_expiry_time_seconds');
    expect(Math.abs(Number(family?.metrics[0]?.value) - twoDays)).toBeLessThan(600);
  } finally {
    files.close();
    rmSync(folder, { recursive: true });
  }
  expect(certificateMetrics(undefined)).toEqual([]);
});
