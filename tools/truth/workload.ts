/* Programs that do a known number of known operations, and print how many. In: Perl. Out: their output. */
import { execFile } from 'node:child_process';

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
    execFile(program, args, { timeout: 60_000 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(error.message.slice(0, 300)));
    });
  });
}
