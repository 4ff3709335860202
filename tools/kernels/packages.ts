/*
 * Kernels of other releases, as Debian packages. In: a kernel's name and suites. Out: a folder with the unpacked package.
 * apt-get has lists and a cache of its own: the machine's packages stay as they are.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KernelChoice } from './kernels';

const run = promisify(execFile);
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = '/etc/apt/sources.list.d/debian.sources';
const FETCH_MS = 240_000;

export interface KernelFiles {
  /** The kernel's release: 5.10.0-46-amd64. */
  readonly release: string;
  readonly image: string;
  /** Folder of its modules. */
  readonly modules: string;
  /** Names by address, where the package has them. */
  readonly symbols: string;
}

/** Fetched once; rejects with apt-get's message. */
export async function fetchKernel(
  { name, suites, metapackage }: KernelChoice,
  folder: string,
): Promise<KernelFiles> {
  const root = join(folder, name);
  if (!existsSync(root)) {
    const work = join(folder, `${name}.part`);
    rmSync(work, { recursive: true, force: true });
    for (const part of ['lists/partial', 'archives/partial', 'log', 'root'])
      mkdirSync(join(work, part), { recursive: true });
    const config = writeConfig(work, suites);
    await apt('apt-get', ['-qq', '-c', config, 'update'], work);
    const depends = await apt('apt-cache', ['-c', config, 'depends', metapackage], work);
    const found = /linux-image-\d\S*/.exec(depends)?.[0];
    if (found === undefined) throw new Error(`${metapackage} of ${suites.join()} names no kernel`);
    await apt('apt-get', ['-qq', '-c', config, 'download', `${found}:amd64`], work);
    const [deb = ''] = readdirSync(work).filter((file) => file.endsWith('.deb'));
    await run('dpkg-deb', ['-x', join(work, deb), join(work, 'root')]);
    renameSync(join(work, 'root'), root);
    rmSync(work, { recursive: true });
  }
  const [image = ''] = readdirSync(join(root, 'boot')).filter((file) => file.startsWith('vmlinuz-'));
  const release = image.slice('vmlinuz-'.length);
  const modules = ['lib', 'usr/lib']
    .map((lib) => join(root, lib, 'modules', release))
    .find((path) => existsSync(path));
  if (image === '' || modules === undefined) throw new Error(`the package of ${name} holds no kernel`);
  return {
    release,
    image: join(root, 'boot', image),
    modules,
    symbols: join(root, 'boot', `System.map-${release}`),
  };
}

function writeConfig(work: string, suites: readonly string[]): string {
  const sources = suites.map((suite) => {
    const archive = suite.endsWith('-security') ? 'debian-security' : 'debian';
    return `deb [signed-by=${KEYS}] ${mirror()}/${archive} ${suite} main`;
  });
  writeFileSync(join(work, 'sources.list'), `${sources.join('\n')}\n`);
  writeFileSync(join(work, 'status'), '');
  const settings = {
    'Dir::State::Lists': 'lists',
    'Dir::State::status': 'status',
    'Dir::Etc::sourcelist': 'sources.list',
    'Dir::Cache': '.',
    'Dir::Cache::archives': 'archives',
    'Dir::Log': 'log',
  };
  const lines = Object.entries(settings).map(([key, path]) => `${key} "${join(work, path)}";`);
  const config = join(work, 'apt.conf');
  const fixed = [
    'Dir::Etc::sourceparts "/dev/null";',
    'Acquire::Languages "none";',
    'APT::Sandbox::User "root";',
  ];
  writeFileSync(config, [...lines, ...fixed, ''].join('\n'));
  return config;
}

/** That of the machine's own sources. Throws where these name none: kernels are fetched on Debian. */
function mirror(): string {
  const sources = existsSync(SOURCES) ? readFileSync(SOURCES, 'utf8') : '';
  const found = /^URIs: (https?:\/\/\S+)\/debian\/?$/m.exec(sources)?.[1];
  if (found === undefined)
    throw new Error(`${SOURCES} names no mirror of Debian; fix: run this on Debian 12 or newer`);
  return found;
}

async function apt(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const { stdout } = await run(program, [...args], { cwd, env, timeout: FETCH_MS });
  return stdout;
}
