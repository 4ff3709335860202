import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testFront, type TestFront } from '../testing/test-front';

let folder: string;
let front: TestFront;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-pages-test-'));
  await mkdir(join(folder, 'www', 'sub.js'), { recursive: true });
  await writeFile(join(folder, 'www', 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'www', 'page.js'), 'export {};');
  await writeFile(join(folder, 'www', 'page-0A1B2C3D.css'), 'a {}');
  await writeFile(join(folder, 'www', 'notes.txt'), 'not for the world');
  await writeFile(join(folder, 'secret.js'), 'secret');
  front = await testFront({ folder });
});
afterAll(async () => {
  await front.close();
  await rm(folder, { recursive: true, force: true });
});

test('the page is at /, its files under /page/, with a policy that allows nothing else', async () => {
  const page = await front.ask('GET', '/');
  expect([page.status, page.text]).toEqual([200, '<!doctype html>']);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const script = await front.ask('GET', '/page/page.js');
  expect([script.status, script.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ]);
  expect(script.headers.get('x-content-type-options')).toBe('nosniff');
});

test('a file named by its content hash is cached for ever', async () => {
  const caching = async (path: string): Promise<string | null> =>
    (await front.ask('GET', path)).headers.get('cache-control');
  expect(await caching('/page/page-0A1B2C3D.css')).toContain('immutable');
  expect(await caching('/')).toBe('no-cache');
  expect(await caching('/page/page.js')).toBe('no-cache');
});

test('an unchanged file is not sent twice', async () => {
  const etag = (await front.ask('GET', '/')).headers.get('etag') ?? '';
  const again = await front.ask('GET', '/', undefined, { 'if-none-match': etag });
  expect([again.status, again.text]).toEqual([304, '']);
});

/** The raw path: fetch would normalize it. */
const raw = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(front.base).port), '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.on('end', () => {
      resolve(text);
    });
    socket.on('error', reject);
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });

test.each([
  '/page/notes.txt',
  '/page/sub.js',
  '/page/../secret.js',
  '/page/..%2fsecret.js',
  '/page/%2e%2e%2fsecret.js',
  '/page/..\\secret.js',
  '/page//secret.js',
  '/page/page.js%00.html',
  '/page/__proto__',
  '/page/',
  '/../secret.js',
])('%s does not exist', async (path) => {
  const answer = await raw(path);
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(answer).not.toContain('secret;');
});
