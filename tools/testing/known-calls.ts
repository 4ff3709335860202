/*
 * A workload whose size is known: a process of a known name that makes a known number of one system call.
 * In: a name and counts. Out: the process's own word that exactly so many were made. Perl is on every Debian.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** getppid: nothing else in a perl process calls it. */
const GETPPID = process.arch === 'arm64' ? 173 : 110;

/** Assigning $0 renames the process for the kernel too (prctl); each line read makes that many calls. */
const SCRIPT = `$| = 1; $0 = $ARGV[0]; print "ready\\n";
while (my $n = <STDIN>) { for (my $i = 0; $i < $n; $i++) { syscall(${GETPPID}); } print "done $n"; }`;

export interface KnownCalls {
  readonly pid: number;
  /** Makes that many calls and resolves when the last one has returned. */
  make(count: number): Promise<void>;
  end(): Promise<void>;
}

/** The kernel keeps 15 bytes of the name. */
export async function startKnownCalls(name: string): Promise<KnownCalls> {
  const child = spawn('perl', ['-e', SCRIPT, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (): Promise<string> => String((await lines.next()).value);
  if ((await said()) !== 'ready') throw new Error('the workload did not start');
  return {
    pid: child.pid ?? 0,
    async make(count) {
      child.stdin.write(`${count}\n`);
      const answer = await said();
      if (answer !== `done ${count}`) throw new Error(`the workload said ${answer}`);
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}
