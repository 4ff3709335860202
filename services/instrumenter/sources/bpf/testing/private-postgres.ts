/*
 * A private PostgreSQL server for a test, with data and socket in a folder. In: nothing. Out: ways to
 * run programs against it; close() stops it and removes its folder. Needs root, to start the server as another user: it refuses root.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const INSTALLED = '/usr/lib/postgresql';
/** Where deps/fetch.sh puts programs that the machine lacks. */
const FETCHED = resolve(__dirname, '../../../../../deps/build/bin');
const NOBODY = 65_534;
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
  /** The output of one of its programs (psql, pgbench). Throws when it fails, unless it may. */
  run(program: string, args: readonly string[], input?: string, mayFail?: boolean): string;
  /** Through its socket. */
  readonly url: string;
  /** Ids of the processes that answer queries, and of its others but the first. */
  children(): number[];
  /** The process whose children answer queries. */
  readonly pid: number;
  close(): Promise<void>;
}

/**
 * The newest installed server, or the fetched one; a sentence when none can run: it refuses to run as
 * root, and other users cannot read a private checkout.
 */
export function findPostgres(): { readonly programs: string } | string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED) : [];
  const programs = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(INSTALLED, version, 'bin'))
    .concat(FETCHED)
    .find((folder) => existsSync(join(folder, 'postgres')));
  if (programs === undefined) return 'there is no PostgreSQL: make -C deps tests';
  const tried = spawnSync(...asUser(userOf(), join(programs, 'initdb'), ['--version']));
  return tried.status === 0
    ? { programs }
    : `no user but root may enter ${programs}, and PostgreSQL refuses to be root`;
}

const userOf = (): number =>
  Number(spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout) || NOBODY;

function asUser(uid: number, program: string, args: readonly string[]): [string, string[]] {
  return ['setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', program, ...args]];
}

export async function startPostgres(programs: string): Promise<PrivatePostgres> {
  const uid = userOf();
  const folder = mkdtempSync(join(tmpdir(), 'ca-postgres-'));
  chownSync(folder, uid, uid);
  const data = join(folder, 'data');
  const env = {
    PATH: process.env['PATH'],
    PGHOST: folder,
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    LC_ALL: 'C',
  };
  const run: PrivatePostgres['run'] = (program, args, input = '', mayFail = false) => {
    const done = spawnSync(...asUser(uid, join(programs, program), args), {
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
    run('initdb', [
      '--no-sync',
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--no-locale',
      '-D',
      data,
    ]);
    appendFileSync(join(data, 'postgresql.conf'), SETTINGS);
    server = spawn(...asUser(uid, join(programs, 'postgres'), ['-D', data, '-k', folder]), {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await said(server, READY);
  } catch (error) {
    await close();
    throw error;
  }
  const url = `postgres://postgres@localhost/postgres?host=${folder}`;
  const pid = server.pid ?? -1;
  const children = (): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((id) => id !== '')
      .map(Number);
  return { programs, run, close, url, pid, children };
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
