import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from './http';
import { SILENT } from './log';

/** A certificate of our own for two days; undefined where there is no openssl to make one. */
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

test('with a certificate the server speaks HTTPS, and nothing else', async () => {
  const tls = certificate();
  if (tls === undefined) return;
  const route = { method: 'GET', path: '/', handle: () => ({ json: { safe: true } }) } as const;
  const server = await serve({ name: 'test', routes: [route], host: '127.0.0.1', port: 0, log: SILENT, tls });
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        servername: 'localhost',
        port: server.port,
        ca: tls.cert,
        agent: false,
      };
      get(options, (res) => {
        res.on('data', (data: Buffer) => {
          resolve(data.toString());
        });
      }).on('error', reject);
    });
    expect(text).toBe('{"safe":true}\n');
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  } finally {
    await server.close();
  }
});
