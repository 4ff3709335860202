/*
 * One deployment in a state folder: two would overwrite each other's files. In: the folder. Out: the folder is ours
 * until it is released, or a sentence that names its owner. A stale lock file does not block.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { CaError, messageOf } from '../../common/service/errors';
import { privateFolder } from '../../common/service/files/trusted-path';

/** Part of our own command line: a process with the old number may be another program by now. */
const PROGRAM = join('tools', 'stack', 'main.js');

export function lockFolder(home: string, program = PROGRAM): () => void {
  const file = join(home, 'lock');
  const holder = holderOf(file);
  if (holder !== undefined && isRunning(holder, program)) {
    throw new Error(
      `another deployment (process ${holder}) uses ${home}; fix: stop it, or start this one with ${elsewhere(home)} make run`,
    );
  }
  try {
    privateFolder('CA_HOME', home);
    rmSync(file, { force: true });
    writeFileSync(file, String(process.pid));
  } catch (error) {
    if (error instanceof CaError) throw error;
    throw new Error(
      `the state folder ${home} cannot be used: ${messageOf(error)}; fix: make it yours (sudo chown -R ${userInfo().username} '${home}'), or set CA_HOME to another folder`,
      { cause: error },
    );
  }
  return () => {
    rmSync(file, { force: true });
  };
}

/** A folder that was named is not another one because of the port. */
function elsewhere(home: string, env: NodeJS.ProcessEnv = process.env): string {
  const named = env['CA_HOME'] === undefined || env['CA_HOME'] === '' ? '' : `CA_HOME='${home}-2' `;
  return `${named}CA_HTTP_PORT=24181`;
}

/** undefined: no file, or nothing in it, as after a power failure. */
function holderOf(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number, program: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is one, too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(program);
  } catch {
    return true; // systems without this information: assume that it runs
  }
}
