/*
 * Debian packages of other releases and processors. In: what is wanted, of which suites. Out: a folder with the unpacked
 * packages. apt-get has lists and a cache of its own: the machine's packages stay as they are.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DebianArchitecture, KernelChoice } from './kernels';

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
}

/** Fetched once; rejects with apt-get's message. */
export async function fetchKernel(
  { name, architecture, suites }: KernelChoice,
  folder: string,
): Promise<KernelFiles> {
  const root = join(folder, name);
  await fetchPackages({ architecture, suites }, root, async (cache) => {
    const metapackage = `linux-image-${architecture}`;
    const version = /linux-image-(\d\S*)/.exec(await cache('depends', metapackage))?.[1];
    if (version === undefined) throw new Error(`${metapackage} of ${suites.join()} names no kernel`);
    const known = (await cache('pkgnames', 'linux-')).split('\n');
    // From Linux 7 on the kernel and its modules have packages of their own.
    return ['image', 'binary', 'modules']
      .map((part) => `linux-${part}-${version}`)
      .filter((name) => known.includes(name));
  });
  const all = ['lib/modules', 'usr/lib/modules']
    .map((path) => join(root, path))
    .find((path) => existsSync(path));
  const [release] = all === undefined ? [] : readdirSync(all);
  if (all === undefined || release === undefined) throw new Error(`the packages of ${name} hold no kernel`);
  const modules = join(all, release);
  const image = [join(root, 'boot', `vmlinuz-${release}`), join(modules, 'vmlinuz')].find((path) =>
    existsSync(path),
  );
  if (image === undefined) throw new Error(`the packages of ${name} hold no kernel`);
  return { release, image, modules };
}

/** Asks apt-cache about the suites' packages. */
type Cache = (...words: string[]) => Promise<string>;

/** Unpacks them into `root`, unless it exists. */
export async function fetchPackages(
  from: { readonly architecture: DebianArchitecture; readonly suites: readonly string[] },
  root: string,
  choose: (cache: Cache) => Promise<readonly string[]>,
): Promise<void> {
  if (existsSync(root)) return;
  const work = `${root}.part`;
  rmSync(work, { recursive: true, force: true });
  for (const part of ['lists/partial', 'archives/partial', 'log', 'root'])
    mkdirSync(join(work, part), { recursive: true });
  const config = writeConfig(work, from);
  await apt('apt-get', ['-qq', '-c', config, 'update'], work);
  const names = await choose((...words) => apt('apt-cache', ['-c', config, ...words], work));
  await apt('apt-get', ['-qq', '-c', config, 'download', ...names], work);
  for (const deb of readdirSync(work).filter((file) => file.endsWith('.deb')))
    await run('dpkg-deb', ['-x', join(work, deb), join(work, 'root')]);
  renameSync(join(work, 'root'), root);
  rmSync(work, { recursive: true });
}

function writeConfig(
  work: string,
  { architecture, suites }: { readonly architecture: string; readonly suites: readonly string[] },
): string {
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
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
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
  const { stdout } = await run(program, [...args], { cwd, env, timeout: FETCH_MS, maxBuffer: 16 << 20 });
  return stdout;
}
