/*
 * A PostgreSQL server of a test's own: data and socket in a folder, nobody else's business. In: nothing. Out: ways to
 * run programs against it; it ends, and its folder goes, with close(). Needs root, since the server refuses to be it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INSTALLED = '/usr/lib/postgresql';
const READY = 'database system is ready to accept connections';
const SETTINGS = `
listen_addresses = ''
fsync = off
autovacuum = off
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = top
`;

export interface PrivatePostgres {
  /** Folder of its programs. */
  readonly programs: string;
  /** What one of its programs prints (psql, pgbench). Throws when it fails, unless it may. */
  run(program: string, args: readonly string[], input?: string, mayFail?: boolean): string;
  /** Of the process whose children answer queries. */
  readonly pid: number;
  close(): Promise<void>;
}

/** The newest server that is installed; undefined when none is. */
export function findPostgres(): string | undefined {
  try {
    const versions = readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a));
    return versions[0] === undefined ? undefined : join(INSTALLED, versions[0], 'bin');
  } catch {
    return undefined;
  }
}

export async function startPostgres(programs: string): Promise<PrivatePostgres> {
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  );
  if (uid === undefined || gid === undefined || !(uid > 0)) throw new Error('there is no user postgres');
  const folder = mkdtempSync(join(tmpdir(), 'ca-postgres-'));
  chownSync(folder, uid, gid);
  const data = join(folder, 'data');
  const env = {
    PATH: process.env['PATH'],
    PGHOST: folder,
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    LC_ALL: 'C',
  };
  const run: PrivatePostgres['run'] = (program, args, input = '', mayFail = false) => {
    const done = spawnSync(join(programs, program), args, {
      uid,
      gid,
      cwd: folder,
      env,
      input,
      encoding: 'utf8',
    });
    if (done.status !== 0 && !mayFail)
      throw new Error(`${program} failed: ${done.stderr}${done.error ?? ''}`);
    return done.stdout;
  };
  let server: ChildProcess | undefined;
  const close = async (): Promise<void> => {
    if (server?.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGINT'); // ends open connections
      await exited;
    }
    rmSync(folder, { recursive: true });
  };
  try {
    run('initdb', ['--no-sync', '--auth=trust', '--encoding=UTF8', '--no-locale', '-D', data]);
    appendFileSync(join(data, 'postgresql.conf'), SETTINGS);
    server = spawn(join(programs, 'postgres'), ['-D', data, '-k', folder], {
      uid,
      gid,
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await said(server, READY);
  } catch (error) {
    await close();
    throw error;
  }
  return { programs, run, close, pid: server.pid ?? -1 };
}

function said(server: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.on('data', (bytes: Buffer) => {
      log = (log + bytes.toString('latin1')).slice(-10_000);
      if (log.includes(words)) resolve();
    });
    server.once('exit', () => reject(new Error(`the server ended: ${log}`)));
    server.once('error', reject);
  });
}
