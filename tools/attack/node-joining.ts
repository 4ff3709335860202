/*
 * Attacks with stolen or guessed tokens to join, keys and names, and from between node and front door.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Authority } from '../certs/authority';
import { fingerprint } from '../node/authority';
import { buildFolder, type Stack } from '../stack/stack';
import { until } from '../testing/until';
import { broken, verdict, type Attack } from './attack';
import { TOKENS, type System } from './system';

const HOST = 'node-j';

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A fleet that nodes may join, beside the system that is attacked. */
async function joinable(system: System): Promise<{
  readonly stack: Stack;
  readonly ask: (method: string, path: string, body?: object, token?: string) => Promise<Answered>;
}> {
  const stack = await system.another('joining', {
    hosts: [HOST],
    prepare: (home) => {
      const hash = createHash('sha256').update(TOKENS.operator).digest('hex');
      writeFileSync(join(home, 'tokens'), `operator operator ${hash}\n`, { mode: 0o600 });
    },
    env: {
      CA_TOKENS: join(system.home, 'another-joining', 'tokens'),
      CA_NODE_CREDENTIALS: 'token',
      CA_SOURCES: 'synthetic',
    },
  });
  const ask = async (method: string, path: string, body?: object, token?: string): Promise<Answered> => {
    const answer = await fetch(new URL(path, stack.url), {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Answered['body'] };
  };
  return { stack, ask };
}

const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex');
const newKey = (): string => randomBytes(32).toString('hex');

type Ask = Awaited<ReturnType<typeof joinable>>['ask'];

async function makeToken(ask: Ask, body: object = {}): Promise<string> {
  const made = await ask('POST', '/ca/admin/join-tokens', body, TOKENS.operator);
  if (made.status !== 201) throw new Error(`no token was made: ${made.status}`);
  return String(made.body['token']);
}

const tryJoin = (ask: Ask, token: string, host: string, key = newKey()): Promise<Answered> =>
  ask('POST', '/ca/join', { token, host, keyHash: keyHash(key) });

/** Names with a special meaning in a path, a file, a pattern, a scope, a user or a query. */
const NAMES = [
  ...[
    '',
    '.',
    '..',
    '../config',
    'a/../b',
    '*',
    'web-*',
    'a b',
    'a\nb',
    'a\0b',
    'a%2Fb',
    'a:b',
    'a/b',
    '-a',
    'a-',
  ],
  ...[
    '__proto__',
    'a"b',
    "a'; DROP",
    'ａ',
    'é',
    '#',
    'a\\b',
    'x'.repeat(300),
    'config ',
    'a,b',
    '${HOME}',
    'a..b',
  ],
];

export const attacks: readonly Attack[] = [
  {
    area: 'node',
    name: 'guessing tokens to join finds none, is slowed down, and keeps nobody else out',
    limitMs: 60_000,
    async run(system) {
      const { ask } = await joinable(system);
      const found: string[] = [];
      const token = await makeToken(ask);
      const [id = ''] = token.split('.');
      const guesses = [
        ...Array.from({ length: 200 }, () => `${id}.${newKey()}`),
        ...[
          id,
          `${id}.`,
          token.slice(0, -1),
          `${token}0`,
          token.toUpperCase(),
          ` ${token}`,
          '.',
          '__proto__',
        ],
      ];
      let slowed = 0;
      for (const guess of guesses) {
        const { status } = await tryJoin(ask, guess, 'guesser');
        if (status === 429) slowed++;
        else if (status !== 401 && status !== 400) found.push(`${JSON.stringify(guess)}: ${status}`);
      }
      if (slowed < guesses.length / 2) found.push(`${slowed} of ${guesses.length} guesses were slowed down`);
      const right = await tryJoin(ask, token, 'patient');
      if (right.status !== 201) found.push(`the right token from there: ${right.status}`);
      return verdict(found);
    },
  },
  {
    area: 'node',
    name: 'a token that is replayed, by many at once, makes no more nodes than it says, and of no other names',
    limitMs: 60_000,
    async run(system) {
      const { ask } = await joinable(system);
      const found: string[] = [];
      const token = await makeToken(ask, { uses: 2, hosts: ['replay-*'] });
      const elsewhere = await tryJoin(ask, token, 'config');
      if (elsewhere.status === 201) found.push('a name that the token does not allow has joined');
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => tryJoin(ask, token, `replay-${i}`)),
      );
      const joined = answers.filter(({ status }) => status === 201).length;
      if (joined !== 2) found.push(`${joined} nodes have joined with a token for two`);
      return verdict(found);
    },
  },
  {
    area: 'node',
    name: 'a hostile name does not join, and names that are taken stay whose they are',
    limitMs: 60_000,
    async run(system) {
      const { ask } = await joinable(system);
      const found: string[] = [];
      const token = await makeToken(ask, { uses: 1000 });
      for (const name of NAMES) {
        const { status } = await tryJoin(ask, token, name);
        // A name of letters and underscores is valid, whatever it means in JavaScript.
        if (status < 400 || status >= 500) found.push(`${JSON.stringify(name)}: ${status}`);
      }
      // A node that is online without having joined, and one that has joined.
      if ((await tryJoin(ask, token, HOST)).status !== 409) found.push(`${HOST}, which is online, was taken`);
      const key = newKey();
      await tryJoin(ask, token, 'taken', key);
      if ((await tryJoin(ask, token, 'taken')).status !== 409) found.push('a name that has joined was taken');
      const renewals = [
        { host: 'taken', key: newKey() },
        { host: HOST, key },
        { host: 'taken', key: keyHash(key) },
      ];
      for (const renewal of renewals) {
        const { status } = await ask('POST', '/ca/credential', renewal);
        if (status === 200) found.push(`${renewal.host} was renewed with a key that is not its own`);
      }
      if ((await ask('POST', '/ca/credential', { host: 'taken', key })).status !== 200)
        found.push('a node cannot renew with its own key');
      return verdict(found);
    },
  },
  {
    area: 'node',
    name: 'what opens without an operator’s token opens nothing else, and tells nothing of tokens or keys',
    async run(system) {
      const { ask } = await joinable(system);
      const token = await makeToken(ask);
      const found: string[] = [];
      const paths = [
        ...[
          '/ca/join/',
          '/ca/join/..',
          '/ca/credential/../admin/nodes',
          '/ca/admin/join-tokens',
          '/ca/admin/nodes',
        ],
        ...['/ca/admin/signing-key', '/ca/JOIN', '/ca/join%2f', '/ca/customers/acme/join'],
      ];
      for (const path of paths) {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
          const { status } = await ask(method, path, method === 'GET' ? undefined : { token, host: 'sly' });
          if (status < 400) found.push(`${method} ${path}: ${status}`);
        }
      }
      const told = JSON.stringify(await ask('GET', '/ca/admin/join-tokens', undefined, TOKENS.operator));
      if (told.includes(String(token.split('.')[1]))) found.push('a token is told again');
      const file = readFileSync(join(system.home, 'another-joining', 'config', 'fleet.json'), 'utf8');
      if (file.includes(String(token.split('.')[1]))) found.push('a token is on disk');
      return verdict(found);
    },
  },
  {
    area: 'node',
    name: 'a node that is revoked is out at once, renews nothing, and its name is not free before its credential ends',
    limitMs: 60_000,
    async run(system) {
      const { ask, stack } = await joinable(system);
      const found: string[] = [];
      const key = newKey();
      const token = await makeToken(ask, { uses: 9 });
      const renew = async (): Promise<number> =>
        (await ask('POST', '/ca/credential', { host: 'lost', key })).status;
      const joined = (await tryJoin(ask, token, 'lost', key)).status;
      if (joined !== 201) found.push(`it cannot join before: ${joined}`);
      const renewed = await renew();
      if (renewed !== 200) found.push(`it cannot renew before: ${renewed}`);
      const operator = (method: string, path: string, body?: object): Promise<Answered> =>
        ask(method, path, body, TOKENS.operator);
      await operator('PUT', '/ca/admin/nodes/lost', { state: 'revoked' });
      // 429: refused, and one of more than ten refusals a minute from this address (the attacks before this one made them).
      const refused = await renew();
      if (refused !== 403 && refused !== 429) found.push(`it renews: ${refused}`);
      if ((await tryJoin(ask, token, 'lost', key)).status === 201) found.push('it joins again with its key');
      if ((await tryJoin(ask, token, 'lost')).status === 201) found.push('its name is taken by another key');
      if ((await operator('DELETE', '/ca/admin/nodes/lost')).status !== 409)
        found.push('its name is free while its credential lives');
      // A node that runs, and keeps reporting that it is online.
      await operator('PUT', `/ca/admin/nodes/${HOST}`, { state: 'revoked' });
      const online = (await stack.status()).online.instrumenters;
      if (online !== 0) found.push(`${online} nodes are online after the only one was revoked`);
      await new Promise((resolve) => setTimeout(resolve, 4000));
      if ((await stack.status()).online.instrumenters !== 0)
        found.push('it came back by saying that it is here');
      await operator('DELETE', `/ca/admin/nodes/${HOST}`);
      await until('the node being back', 20_000, async () =>
        (await stack.status()).online.instrumenters === 1 ? true : undefined,
      );
      return verdict(found);
    },
  },
  {
    area: 'node',
    name: 'who stands between a machine and its front door learns no token: wrong authority, swapped authority, wrong name',
    limitMs: 60_000,
    async run(system) {
      const folder = mkdtempSync(join(system.home, 'between-'));
      const [ours, theirs] = [new Authority(join(folder, 'ours')), new Authority(join(folder, 'theirs'))];
      const pem = (file: string): string => readFileSync(file, 'utf8');
      const pin = fingerprint(pem(ours.caFile));
      const own = theirs.issue({ name: 'door', names: ['127.0.0.1'] });
      const elsewhere = ours.issue({ name: 'elsewhere', names: ['elsewhere.example'] });
      const etc = join(folder, 'etc');
      mkdirSync(etc, { mode: 0o700 });
      const found: string[] = [];
      // The attacker sends its own authority; the right one, which has not signed its certificate; the right one, for another name.
      for (const [certificate, told] of [
        [own, theirs.caFile],
        [own, ours.caFile],
        [elsewhere, ours.caFile],
      ] as const) {
        const heard: string[] = [];
        const server = createServer({ cert: pem(certificate.certFile), key: pem(certificate.keyFile) });
        server.on('request', (incoming, outgoing) => {
          heard.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
          outgoing.setHeader('content-type', 'application/json');
          outgoing.end(JSON.stringify({ pem: pem(told) }));
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const args = ['join', url, '--token', 'secret', '--host', 'n', '--etc', etc, '--no-start'];
        const status = await programStatus([...args, '--ca-pin', `sha256:${pin}`]);
        server.closeAllConnections();
        server.close();
        if (status === 0) return broken('it joined');
        if (heard.some((what) => what !== 'GET /ca/authority')) found.push(`it was told ${heard.join(', ')}`);
      }
      return verdict(found);
    },
  },
];

function programStatus(args: readonly string[]): Promise<number> {
  const file = join(buildFolder(), 'tools', 'node', 'main.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 30_000 }, (error) => {
      resolve(error === null ? 0 : typeof error.code === 'number' ? error.code : 1);
    });
  });
}
