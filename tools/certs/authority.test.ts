import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority } from './authority';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-certs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const certificate = (file: string): X509Certificate => new X509Certificate(readFileSync(file));

test('the authority of a folder is made once; certificates are new each time, for names, addresses and users', () => {
  const first = new Authority(folder).issue({
    name: 'door',
    names: ['ca.example', '*.ca.example', '10.0.0.1', '::1'],
  });
  const before = certificate(first.certFile);
  const authority = new Authority(folder);
  const ca = certificate(authority.caFile);
  expect(before.verify(ca.publicKey)).toBe(true);
  expect([
    before.checkHost('ca.example'),
    before.checkHost('x.ca.example'),
    before.checkIP('10.0.0.1'),
  ]).toEqual(['ca.example', '*.ca.example', '10.0.0.1']);
  expect(before.checkHost('evil.example')).toBeUndefined();
  authority.issue({ name: 'door', names: ['ca.example'] });
  expect(certificate(first.certFile).serialNumber).not.toBe(before.serialNumber);
  const client = certificate(authority.issue({ name: 'node-n1' }).certFile);
  expect([client.subject, client.subjectAltName, client.ca]).toEqual(['CN=node-n1', undefined, false]);
  execFileSync('openssl', [
    'verify',
    '-CAfile',
    authority.caFile,
    '-purpose',
    'sslclient',
    join(folder, 'node-n1.pem'),
  ]);
});

test('keys are for their owner alone, and nothing is left behind', () => {
  const { keyFile } = new Authority(folder).issue({ name: 'a' });
  expect([keyFile, join(folder, 'ca.key')].map((file) => statSync(file).mode & 0o777)).toEqual([
    0o600, 0o600,
  ]);
  expect(readdirSync(folder).sort()).toEqual(['a.key', 'a.pem', 'ca.key', 'ca.pem']);
});

test.each(['', '../x', 'a,DNS:evil', 'a\nsubjectAltName=DNS:evil', 'a/CN=b', 'x'.repeat(65), '-x', 'a b'])(
  'the hostile name %j is refused',
  (name) => {
    const authority = new Authority(folder);
    expect(() => authority.issue({ name })).toThrow('cannot stand in a certificate');
    expect(() => authority.issue({ name: 'a', names: [name] })).toThrow('cannot stand in a certificate');
    expect(readdirSync(folder).sort()).toEqual(['ca.key', 'ca.pem']);
  },
);
