/*
 * Places in user programs: which files, and where in them. In: nothing. Out: parts of descriptions, for the bpf source,
 * which finds the files among what is installed and what runs, in containers too.
 */

/** Files that have the same places: the versions of a program or library, wherever they are installed. */
export interface Programs {
  /** For people: "PostgreSQL server". */
  readonly title: string;
  /** The file's own name, without folders. */
  readonly file: RegExp;
  /** Paths of such files when they are installed but do not run; `*` stands for characters of one folder's or file's name. */
  readonly installed: readonly string[];
  /** How to install them, for users who have none. */
  readonly fix?: string;
}

/** A place in a program: a USDT probe in it, or the entry or return of a function. */
export type Spot =
  | { readonly kind: 'usdt'; readonly provider: string; readonly name: string }
  | { readonly kind: 'entry' | 'return'; readonly function: string };

export interface UserMoment {
  readonly kind: 'user';
  readonly name: string;
  readonly programs: Programs;
  /** The first of these that a file has. */
  readonly spots: readonly [Spot, ...Spot[]];
}

export const usdt = (provider: string, name: string): Spot => ({ kind: 'usdt', provider, name });
export const entry = (of: string): Spot => ({ kind: 'entry', function: of });
export const returnOf = (of: string): Spot => ({ kind: 'return', function: of });

export function printSpot(spot: Spot): string {
  return spot.kind === 'usdt'
    ? `usdt:${spot.provider}:${spot.name}`
    : `${spot.kind === 'entry' ? 'uprobe' : 'uretprobe'}:${spot.function}`;
}

export function userMoment(programs: Programs, ...spots: UserMoment['spots']): UserMoment {
  return { kind: 'user', name: printSpot(spots[0]), programs, spots };
}

export const POSTGRES: Programs = {
  title: 'PostgreSQL server',
  file: /^postgres$/,
  installed: [
    '/usr/lib/postgresql/*/bin/postgres',
    '/usr/pgsql-*/bin/postgres',
    '/usr/local/pgsql/bin/postgres',
  ],
};

/** MySQL's own server has neither of the functions that hand a statement's text over. */
export const MARIADB: Programs = {
  title: 'MariaDB server',
  file: /^(mariadbd|mysqld)$/,
  installed: ['/usr/sbin/mariadbd', '/usr/sbin/mysqld', '/usr/libexec/mariadbd', '/usr/local/*/bin/mariadbd'],
};

export const LIBC: Programs = {
  title: 'C library',
  file: /^(libc\.so\.6|libc-2\.[0-9]+\.so|ld-musl-[a-z0-9_]+\.so\.1)$/,
  installed: ['/usr/lib/*/libc.so.6', '/usr/lib64/libc.so.6', '/lib/*/libc.so.6', '/lib/ld-musl-*.so.1'],
};

/** 3.11 fires its function probes for a few calls only (seen with bpftrace too); later ones have none. */
export const PYTHON: Programs = {
  title: 'Python 3.6 to 3.10 (later ones do not tell of each call)',
  file: /^(python3\.([6-9]|10)|libpython3\.([6-9]m?|10)\.so\.1\.0)$/,
  installed: ['/usr/bin/python3.*', '/usr/local/bin/python3.*', '/usr/lib/*/libpython3.*.so.1.0'],
};

export const JAVA: Programs = {
  title: 'Java virtual machine',
  file: /^libjvm\.so$/,
  installed: ['/usr/lib/jvm/*/lib/server/libjvm.so'],
};

/** Relative to this file's folder, or to the one that it is compiled to. */
const NODE_PROBES = ['../../..', '../../../..'].map(
  (root) => `${__dirname}/${root}/deps/node-probes/build/ca-probes.node`,
);

export const NODE: Programs = {
  title: 'Node.js program that loads our module (nor the module itself)',
  file: /^ca-probes\.node$/,
  installed: NODE_PROBES,
  fix: 'make -C deps node-probes, and start programs with node --require …/deps/node-probes/preload.js',
};
