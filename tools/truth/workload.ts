/* Programs that do a known number of known operations, and print how many. In: Perl. Out: their output. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process name that is unique on this machine. */
export const NAME = `truth-${process.pid.toString(36)}`.slice(0, 15);

/** The number of a call that others rarely make, and that does nothing. */
export const GETPPID = process.arch === 'x64' ? 110 : 173;

/** Takes the name, and resets the counts of doing so. */
export const TAKE_NAME = `open(my $me, ">", "/proc/$$/comm"); syswrite($me, "${NAME}"); close $me;`;

/** Rejects when it fails. */
export function perl(script: string, ...args: string[]): Promise<string> {
  return run('perl', '-e', `use strict; ${TAKE_NAME} ${script}`, ...args);
}

export function run(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 180_000 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(error.message.slice(0, 300)));
    });
  });
}

/** A program that stays: it prints a line each time it has got somewhere, and goes on when it reads one. */
export class Standing {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(program: string, ...args: string[]) {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line. Rejects when the program ends instead. */
  async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('the program has ended early');
    return next.value;
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Lets it go on to its next line. */
  go(): Promise<string> {
    this.write('\n');
    return this.line();
  }

  /** It ends when there is no more to read. */
  async end(): Promise<void> {
    const isOver = this.child.exitCode !== null || this.child.signalCode !== null;
    const ended = isOver ? undefined : once(this.child, 'exit');
    this.child.stdin?.end();
    const kill = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(kill);
  }
}

/** Perl that stays while `work` runs; it prints its first line when all is ready. */
export async function withPerl<T>(script: string, work: (program: Standing) => Promise<T>): Promise<T> {
  const program = new Standing('perl', '-e', `use strict; ${TAKE_NAME} $| = 1; ${script}`);
  try {
    await program.line();
    return await work(program);
  } finally {
    await program.end();
  }
}
