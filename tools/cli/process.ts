/*
 * A program of the command line as a process. In: a program, and the process that its main.ts hands over.
 * Out: its output and exit status. Connections still open when it is done are cut: a tool never hangs on a dead peer.
 */
import { hostname } from 'node:os';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { versionHere } from '../../common/service/version';
import type { Program } from './command';
import { coloursOf, columnsOf, type Io } from './io';
import { runProgram } from './program';

export async function runHere(program: Program, process: NodeJS.Process): Promise<void> {
  const ended = new AbortController();
  const { stdout, stderr, stdin, env } = process;
  const io: Io = {
    env,
    cwd: process.cwd(),
    clock: SYSTEM_CLOCK,
    host: env['CA_HOST'] ?? hostname(),
    pid: process.pid,
    version: versionHere(),
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    behind: () => stdout.writableNeedDrain,
    screen: () => ({
      columns: columnsOf(env, stdout.columns),
      rows: stdout.rows || 24,
      interactive: stdout.isTTY,
      colours: coloursOf(env, stdout.isTTY, undefined),
    }),
    keys(pressed) {
      if (!stdin.isTTY) return () => undefined;
      const take = (bytes: Buffer): void => {
        pressed(bytes.toString('utf8'));
      };
      stdin.setRawMode(true);
      stdin.resume();
      stdin.on('data', take);
      return () => {
        stdin.off('data', take);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
    ended: ended.signal,
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // A second one does not wait for an orderly end.
      if (ended.signal.aborted) process.exit(1);
      ended.abort();
    });
  }
  // The reader of a pipe may leave: `cactl list | head`.
  stdout.on('error', () => process.exit(0));
  const status = await runProgram(program, process.argv.slice(2), io);
  // A pipe may still hold output; process.exit would drop it.
  stdout.write('', () => stderr.write('', () => process.exit(status)));
}
