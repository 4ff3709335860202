/* The front door as a client of it: over HTTPS with certificates of one's own, and errors that say what to do. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACTL } from '../../cactl/commands';
import { run, type Printed } from '../../cactl/testing/console';
import { makeCertificate, type CertificateFiles } from '../../testing/certificate';

let folder: string;
let files: CertificateFiles;
let server: Server;
let url: string;
const tokens: (string | undefined)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ca-front-'));
  files = makeCertificate(folder);
  server = createServer(
    { cert: readFileSync(files.cert), key: readFileSync(files.key) },
    (request, response) => {
      tokens.push(request.headers.authorization);
      response.end('[]');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const list = (...more: string[]): Promise<Printed> =>
  run(CACTL, ['list', '-o', 'json', '--url', url, '--token', 'secret', ...more]);

test('a certificate that nobody vouches for is refused, with the fix; no token is sent', async () => {
  tokens.length = 0;
  const { status, err } = await list();
  expect(status).toBe(1);
  expect(err).toMatch(
    /its certificate is not trusted .*; fix: name the authority that signed it with --ca FILE/,
  );
  expect(tokens).toEqual([]);
});

test('with --ca it is trusted', async () => {
  expect(await list('--ca', files.cert)).toMatchObject({ status: 0, out: '[]\n', err: '' });
  expect(tokens).toEqual(['Bearer secret']);
});

test('--insecure believes anybody, and says so', async () => {
  const { status, err } = await list('--insecure');
  expect(status).toBe(0);
  expect(err).toMatch(/^warning: --insecure: whoever answers .* is believed, and is sent the token\n$/);
});

test('a file of certificates that is not there is named', async () => {
  expect(await list('--ca', '/nonexistent')).toMatchObject({
    status: 2,
    err: expect.stringMatching(/certificates of --ca cannot be read: .*ENOENT/) as unknown,
  });
});
