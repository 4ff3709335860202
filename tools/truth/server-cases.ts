/* Cases of servers and language machines, where they are installed. In: a machine, a size. Out: two numbers, as cases.ts has them. */
import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { amount, counts, inFolder, type Case } from './case';
import { both, is, Unavailable } from './measure';
import { run, Standing } from './workload';

const INSTALLED = '/usr/lib/postgresql';
/** Where deps/fetch.sh puts programs that the machine lacks. */
const FETCHED = resolve(__dirname, '../../../deps/build/bin');
const NOBODY = 65_534;

function postgresPrograms(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED) : [];
  const found = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(INSTALLED, version, 'bin'))
    .concat(FETCHED)
    .find((folder) => existsSync(join(folder, 'postgres')));
  if (found === undefined) throw new Unavailable('PostgreSQL is not installed here');
  return found;
}

const ours = (execname: string) => both(is('execname', execname), is('ppid', String(process.pid)));

/** One connection, both ends of which are the program's. */
const requests = (n: number): string =>
  `use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 8, LocalAddr => "127.0.0.1") or die;
   my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die; my $a = $s->accept; my $in;
   for (1..${n}) { syswrite($c, "GET /a HTTP/1.1\\r\\n\\r\\n"); sysread($a, $in, 100);
     syswrite($a, "HTTP/1.1 204 No Content\\r\\n\\r\\n"); sysread($c, $in, 100) }`;

export const SERVER_CASES: readonly Case[] = [
  counts('http.requests', requests, { each: (n) => 2 * n }),
  {
    metric: 'java.gc_ops',
    witness: 'the Java machine’s own log of collections',
    tolerance: 0,
    run: (machine, size) =>
      inFolder(async (folder) => {
        const java = await run('sh', '-c', 'command -v java || true');
        if (java === '') throw new Unavailable('Java is not installed here');
        const log = join(folder, 'gc.log');
        const source = join(folder, 'Known.java');
        writeFileSync(
          source,
          `public class Known { public static void main(String[] a) { for (int i = 0; i < ${Math.min(size, 200)}; i++) System.gc(); } }`,
        );
        const [, [answer]] = await machine.during([{ metric: 'java.gc_ops', where: ours('java') }], () =>
          run('java', '-XX:+UseSerialGC', `-Xlog:gc:file=${log}`, source),
        );
        const pauses = readFileSync(log, 'utf8').match(/GC\([0-9]+\) Pause (Full|Young)/g) ?? [];
        return [amount(answer), pauses.length] as const;
      }),
  },
  {
    metric: 'postgres.queries',
    witness: 'queries that a server without clients is given',
    tolerance: 0,
    run: (machine, size) =>
      inFolder(async (folder) => {
        const programs = postgresPrograms();
        chownSync(folder, NOBODY, NOBODY);
        const data = join(folder, 'data');
        const asNobody = (program: string, ...args: string[]): [string, ...string[]] => [
          ...(['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const),
          ...[join(programs, program), ...args, '-D', data],
        ];
        try {
          await run(...asNobody('initdb', '--no-sync', '--no-locale', '--username=postgres'));
        } catch (error) {
          throw new Unavailable(`no server can be started here: ${String(error).slice(0, 100)}`);
        }
        const asked = { metric: 'postgres.queries', where: ours('postgres') } as const;
        const [, [answer]] = await machine.during([asked], async () => {
          const server = new Standing(...asNobody('postgres', '--single', '-F'), 'postgres');
          for (let i = 0; i < size; i++) server.write('select 1\n');
          await server.end();
        });
        return [amount(answer), size] as const;
      }),
  },
];
