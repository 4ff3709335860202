import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoopback } from '../../../common/service/networks';
import { readAccess } from './access';
import { ADDRESSES, FAILURES_PER_MINUTE, RateLimit } from './rate-limit';
import { FakeClock } from '../testing/fake-fleet';
import { frontDoorSecret, readOperatorFiles } from './operator-files';
import { parseTokens } from './tokens';
import { filesIn } from '../state/storage';

const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');

test('without settings the door listens on loopback, for every local client', () => {
  expect(readAccess({}, 'box')).toEqual({
    bind: '127.0.0.1',
    tokensFile: undefined,
    customersFile: undefined,
    tls: undefined,
    behindProxy: false,
    names: ['localhost', 'box'],
    origins: [],
  });
});

const TLS = { CA_TLS_CERT: 'c', CA_TLS_KEY: 'k' };

test.each([
  [{ CA_BIND: '0.0.0.0' }, 'needs CA_TOKENS'],
  [{ CA_BIND: '::' }, 'needs CA_TOKENS'],
  [{ CA_BIND: '10.0.0.1', ...TLS }, 'needs CA_TOKENS'],
  [{ CA_BIND: '0.0.0.0', CA_TOKENS: 't' }, 'needs CA_TLS_CERT and CA_TLS_KEY'],
  [{ CA_BIND: '0.0.0.0', CA_TOKENS: 't', CA_BEHIND_PROXY: 'yes' }, 'needs CA_TLS_CERT and CA_TLS_KEY'],
  [{ CA_TLS_CERT: 'c' }, 'CA_TLS_KEY is needed too'],
  [{ CA_TLS_KEY: 'k' }, 'CA_TLS_CERT is needed too'],
  [{ CA_BIND: 'example.com' }, 'CA_BIND must be an IP address'],
  [{ CA_BEHIND_PROXY: '1' }, 'CA_BEHIND_PROXY needs CA_TOKENS'],
  [{ CA_CORS: 'dash' }, 'CA_CORS must be'],
])('%j is refused: %s', (env, why) => {
  expect(() => readAccess(env, 'box')).toThrow(why);
});

test.each([
  { CA_BIND: '0.0.0.0', CA_TOKENS: 't', ...TLS },
  { CA_BIND: '10.1.1.1', CA_TOKENS: 't', CA_BEHIND_PROXY: '1' },
  { CA_BIND: '::1' },
  { CA_BIND: '127.0.0.2' },
])('%j opens', (env) => {
  expect(readAccess(env, 'box').bind).toBe(env.CA_BIND);
});

test('128.0.0.1 and 1270.0.0.1 are not loopback', () => {
  expect(['127.0.0.1', '::1', '128.0.0.1', '1270.0.0.1', '0.0.0.0', '::'].map(isLoopback)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('tokens are found by hash, with their holder', () => {
  const tokens = parseTokens(
    `# who\nroot operator ${sha256('t1')}\n\n web customer:acme ${sha256('t2').toUpperCase()} # c\n`,
  );
  expect(tokens.find('t1')).toEqual({ name: 'root', customer: undefined });
  expect(tokens.find('t2')).toEqual({ name: 'web', customer: 'acme' });
  for (const wrong of ['', 't', 't11', sha256('t1')]) expect(tokens.find(wrong)).toBeUndefined();
});

test.each([
  ['', 'has no token'],
  ['# only words\n', 'has no token'],
  ['a operator', 'line 1'],
  [`\na admin ${sha256('x')}`, 'line 2'],
  [`a customer:../x ${sha256('x')}`, 'line 1'],
  [`a customer: ${sha256('x')}`, 'line 1'],
  ['a operator plain-token', 'line 1: the hash must be'],
])('a token file %j is refused, and the error does not quote it', (text, why) => {
  expect(() => parseTokens(text)).toThrow(why);
  expect(() => parseTokens(text)).not.toThrow('plain-token');
});

test('wrong tokens are counted by address and minute, for a bounded number of addresses', () => {
  const clock = new FakeClock();
  const attempts = new RateLimit(clock);
  const waits = Array.from({ length: FAILURES_PER_MINUTE + 1 }, () => attempts.failed('a'));
  expect(waits.slice(0, -1).every((wait) => wait === 0)).toBe(true);
  expect(waits.at(-1)).toBe(60);
  expect(attempts.failed('b')).toBe(0);
  clock.time += 60_000;
  expect(attempts.failed('a')).toBe(0);
  for (let i = 0; i < ADDRESSES + 5; i++) attempts.failed(`x${i}`);
  expect((attempts as unknown as { failures: Map<string, unknown> }).failures.size).toBe(ADDRESSES);
});

describe('operator files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ca-access-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('are reloaded on request; a bad file changes nothing', async () => {
    const tokensFile = join(folder, 'tokens');
    await writeFile(tokensFile, `a operator ${sha256('one')}`);
    const files = await readOperatorFiles(readAccess({ CA_TOKENS: tokensFile }, 'box'));
    await writeFile(tokensFile, `a operator ${sha256('two')}`);
    await files.reload();
    expect([files.tokens?.find('one'), files.tokens?.find('two')?.name]).toEqual([undefined, 'a']);
    await writeFile(tokensFile, 'nonsense');
    await expect(files.reload()).rejects.toThrow('line 1');
    expect(files.tokens?.find('two')?.name).toBe('a');
  });

  test('that are missing are an error that names the setting', async () => {
    const access = readAccess({ CA_CUSTOMERS: join(folder, 'nothing') }, 'box');
    await expect(readOperatorFiles(access)).rejects.toThrow(/^CA_CUSTOMERS: .*ENOENT/);
  });

  test("the front door's secret is made once, and readable by us alone", async () => {
    const secret = await frontDoorSecret(await filesIn(folder));
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await frontDoorSecret(await filesIn(folder))).toBe(secret);
    expect(await readFile(join(folder, 'front-door'), 'utf8')).toBe(secret);
    expect((await stat(join(folder, 'front-door'))).mode & 0o077).toBe(0);
  });
});
