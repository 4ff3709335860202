/*
 * Attacks of other users of the machine through files: state folders that they made, files that they may change or read, and addresses
 * that they leave in our working folder.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFolder } from '../stack/stack';
import { broken, HELD, verdict, type Attack } from './attack';
import { asNobody, isRoot, NEEDS_ROOT, NOBODY, runNode, type Ended } from './nobody';
import type { System } from './system';

/** A service that refuses ends at once; one that does not is ended after a while. */
function start(system: System, service: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const usual = { CA_AMQP_URL: system.stack.amqpUrl, CA_AMQP_PREFIX: 'attack-files-', CA_HTTP_PORT: '1' };
  return runNode([join(buildFolder(), 'services', service, 'main.js')], {
    env: { PATH: process.env['PATH'], ...usual, ...env },
    timeout: 15_000,
  });
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-attack-files-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const attacks: readonly Attack[] = [
  {
    area: 'local',
    name: 'U9: a state folder that another user made or may write to is not used, nor what was left in it',
    limitMs: 60_000,
    run: (system) =>
      inFolder(async (folder) => {
        const homes: string[] = [];
        const home = (name: string, mode: number): string => {
          const path = join(folder, name);
          mkdirSync(path);
          chmodSync(path, mode);
          homes.push(path);
          return path;
        };
        home('writable by others', 0o777);
        if (isRoot) {
          chownSync(home('of another user', 0o700), NOBODY, NOBODY);
          const log = join(home('with a link of theirs', 0o700), 'log');
          symlinkSync('/etc', log);
          lchownSync(log, NOBODY, NOBODY);
        }
        const found: string[] = [];
        for (const path of homes) {
          const { code, err } = await start(system, 'aggregator', { CA_HOME: path });
          if (code !== 2 || !err.includes('CA_HOME cannot be used'))
            found.push(`${path}: ${code} ${err.slice(0, 100)}`);
        }
        return verdict(found);
      }),
  },
  {
    area: 'local',
    name: 'T28: tokens and keys that others can change or read are not used',
    limitMs: 60_000,
    run: (system) =>
      inFolder(async (folder) => {
        const [tokens, key] = [join(folder, 'tokens'), join(folder, 'key.pem')];
        writeFileSync(tokens, readFileSync(join(system.home, 'tokens')));
        writeFileSync(key, 'no key');
        chmodSync(tokens, 0o666);
        chmodSync(key, 0o644);
        const config = (env: NodeJS.ProcessEnv): Promise<Ended> =>
          start(system, 'config', { CA_HOME: join(folder, 'home'), ...env });
        const changed = await config({ CA_TOKENS: tokens });
        if (changed.code !== 2 || !changed.err.includes('can be written by others')) {
          return broken(`tokens: ${changed.code} ${changed.err.slice(0, 120)}`);
        }
        const read = await config({ CA_TLS_KEY: key, CA_TLS_CERT: join(system.home, 'tokens') });
        const isRefused = read.code === 2 && read.err.includes('everybody can read');
        return isRefused ? HELD : broken(`key: ${read.code} ${read.err.slice(0, 120)}`);
      }),
  },
  {
    area: 'local',
    name: 'C11: cactl gives its token to no address that the folder it stands in names',
    limitMs: 60_000,
    run: () =>
      inFolder(async (folder) => {
        const got: string[] = [];
        const evil = createServer((request, response) => {
          got.push(request.headers.authorization ?? 'no token');
          response.end('{}');
        });
        await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
        const { port } = evil.address() as AddressInfo;
        try {
          mkdirSync(join(folder, '.run'));
          const list = async (url: string, mode: number): Promise<void> => {
            writeFileSync(join(folder, '.run', 'connection.json'), JSON.stringify({ url }));
            chmodSync(join(folder, '.run'), mode);
            const env = { PATH: process.env['PATH'], HOME: folder, CA_TOKEN: 'the-token' };
            await runNode([join(buildFolder(), 'tools', 'cactl', 'main.js'), 'list'], {
              cwd: folder,
              env,
              timeout: 10_000,
            });
          };
          // A folder that others can write to, with an address on this machine; and one of ours that leads elsewhere.
          await list(`http://127.0.0.1:${port}/`, 0o777);
          await list(`http://0x7f000001.localtest.invalid:${port}/`, 0o755);
          if (isRoot) {
            chownSync(join(folder, '.run'), NOBODY, NOBODY);
            await list(`http://127.0.0.1:${port}/`, 0o755);
          }
          return verdict(got.filter((text) => text.includes('the-token')));
        } finally {
          evil.close();
        }
      }),
  },
  {
    area: 'local',
    name: 'passwords and secrets stand in no argument, and in no file that others can read',
    async run({ home, stack }) {
      if (!isRoot) return NEEDS_ROOT;
      const password = new URL(stack.amqpUrl).password;
      const found = [stack.config, ...stack.aggregators, ...stack.instrumenters]
        .filter(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(password))
        .map(({ name }) => `arguments of ${name}`);
      const paths = ['connection.json', 'tokens', 'config/front-door', 'config/state.json', 'log/config.log']
        .map((path) => join(home, path))
        .filter((path) => existsSync(path));
      const script = `for(const p of ${JSON.stringify(paths)})try{require('fs').readFileSync(p);console.log(p)}catch{}`;
      const { out } = await asNobody(script);
      return verdict([...found, ...out.split('\n').filter((path) => path !== '')]);
    },
  },
];
