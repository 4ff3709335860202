/*
 * Which dtrace to run. In: CA_DTRACE, PATH. Out: an absolute path and the system it belongs to, or why there is none.
 * Linux has another program of this name (it compiles probe declarations), so each is asked for its version.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Time for it to print its version, on a very busy machine. */
const VERSION_MS = 30_000;

export interface Dtrace {
  readonly path: string;
  readonly system: 'illumos' | 'linux';
}

/** Where some systems have it outside the default PATH. */
const ELSEWHERE = ['/usr/sbin'];

/** `configured` is CA_DTRACE: then nothing else is tried; else `searchPath`, as PATH. Rejects with one sentence. */
export async function findDtrace(configured: string | undefined, searchPath: string): Promise<Dtrace> {
  const system = systemOf(process.platform);
  if (system === undefined) throw new Error(`DTrace on ${process.platform} is not known to this program`);
  for (const path of configured === undefined ? placesIn(searchPath) : [configured]) {
    const version = existsSync(path) ? await versionOf(path) : undefined;
    if (version !== undefined) return { path, system };
  }
  throw new Error(
    configured === undefined
      ? 'there is no dtrace on PATH; set CA_DTRACE to its absolute path (make -C deps dtrace makes one on Debian)'
      : `CA_DTRACE is ${configured}, which is no dtrace that runs here`,
  );
}

function systemOf(platform: NodeJS.Platform): Dtrace['system'] | undefined {
  if (platform === 'sunos') return 'illumos';
  return platform === 'linux' ? 'linux' : undefined;
}

function placesIn(path: string): string[] {
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith('/')), ...ELSEWHERE];
  return [...new Set(folders.map((folder) => join(folder, 'dtrace'))), ...ownBuild()];
}

/** deps/build/dtrace of the checkout that this file belongs to, compiled or not. */
function ownBuild(): string[] {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'deps', 'Makefile'))) return [join(folder, 'deps', 'build', 'dtrace')];
  }
  return [];
}

/** "dtrace: Sun D 1.16.1", "dtrace: D 2.0.7"; undefined for anything else. */
function versionOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['-V'], { timeout: VERSION_MS }, (error, stdout) => {
      resolve(error === null ? /^dtrace: ((?:\w+ )?D [\d.]+)/m.exec(stdout)?.[1] : undefined);
    });
  });
}
