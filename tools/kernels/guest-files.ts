/*
 * The files that a guest sees. In: the checkout, where to work, the guest's processor. Out: a folder, a shell in it that needs
 * no library, and the command that runs the guest's program. On this machine's own processor the folder is its root; for another
 * a small system is put together: Debian's C library, shell and Perl, npm's Node.js, and koffi.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DebianArchitecture } from './kernels';
import { fetchPackages } from './packages';

export interface GuestFiles {
  /** What the guest has as its root. */
  readonly folder: string;
  readonly busybox: string;
  readonly command: string;
}

const PACKAGES = [
  'busybox-static',
  'perl-base',
  'libc6',
  'libcrypt1',
  'libgcc-s1',
  'libstdc++6',
  'libatomic1',
];
/** Without them Node.js, Perl and the shell are not found: packages have everything below /usr. */
const LINKS = ['bin', 'sbin', 'lib'];
const COMMANDS = ['sh', 'true'];

/** `guest`: the bundled program; `words`: its arguments. */
export async function guestFiles(
  root: string,
  work: string,
  architecture: DebianArchitecture,
  words: string,
): Promise<GuestFiles> {
  const own = process.arch === 'x64' ? 'amd64' : process.arch;
  if (architecture === own) {
    return {
      folder: '/',
      busybox: staticBusybox(root),
      command: `cd ${root} && ${process.execPath} ${join(work, 'guest.js')} ${words}`,
    };
  }
  const folder = join(work, `root-${architecture}`);
  await fetchPackages({ architecture, suites: ['trixie'] }, folder, () => Promise.resolve(PACKAGES));
  const busybox = ['usr/bin/busybox', 'bin/busybox']
    .map((path) => join(folder, path))
    .find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('the package busybox-static holds no busybox');
  for (const name of LINKS) link(`usr/${name}`, join(folder, name));
  for (const name of COMMANDS) link('busybox', join(folder, 'usr/bin', name));
  for (const name of ['dev', 'proc', 'sys', 'run', 'tmp', 'etc'])
    mkdirSync(join(folder, name), { recursive: true });
  fetchNode(join(folder, 'node'), architecture);
  rmSync(join(folder, 'ca'), { recursive: true, force: true });
  cpSync(join(work, 'guest.js'), join(folder, 'ca/guest.js'));
  const koffi = join(root, 'node_modules/koffi');
  const binaries = join(koffi, 'build/koffi');
  cpSync(koffi, join(folder, 'ca/node_modules/koffi'), {
    recursive: true,
    filter: (path) =>
      !path.startsWith(`${binaries}/`) || path.startsWith(join(binaries, `linux_${architecture}`)),
  });
  return { folder, busybox, command: `cd /ca && /node/package/bin/node guest.js ${words}` };
}

function link(to: string, path: string): void {
  // It may lead to nothing, and is there all the same.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(to, path);
}

/** Node.js of this major version, as npm has it for other processors. */
function fetchNode(folder: string, architecture: string): void {
  if (existsSync(join(folder, 'package'))) return;
  mkdirSync(folder, { recursive: true });
  const [major = ''] = process.versions.node.split('.');
  const options = { cwd: folder };
  execFileSync('npm', ['pack', '--loglevel=error', `node-linux-${architecture}@${major}`], options);
  const [archive = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', archive], options);
  rmSync(join(folder, archive));
}

/** The machine's own, or the one that was fetched. */
export function program(root: string, name: string): string {
  return execFileSync(join(root, 'deps/fetch.sh'), ['--path', name], { encoding: 'utf8' }).trim();
}

/** The file itself: not the script around it. */
function staticBusybox(root: string): string {
  const path = program(root, 'busybox');
  return path.startsWith(root) ? join(root, 'deps/build/system/bin/busybox') : path;
}
