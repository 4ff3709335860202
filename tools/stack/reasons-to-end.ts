/*
 * When a program in the foreground should end: on SIGINT, SIGTERM and SIGHUP; when its terminal is gone; when the make that
 * started it is gone. The last two because make, as the leader of a session (`tmux new 'make run'`), gets the SIGHUP of a
 * closed terminal and waits for its child, which gets nothing. In: what to do then, with the reason. Out: a way to stop looking.
 */
import { isatty } from 'node:tty';

const LOOK_MS = 500;

interface Surroundings {
  readonly isTerminal: (fd: number) => boolean;
  readonly parent: () => number;
  /** Make sets MAKELEVEL for what it runs. Started by a shell, a program may outlive it on purpose (nohup). */
  readonly byMake: boolean;
}

const REAL: Surroundings = {
  isTerminal: isatty,
  parent: () => process.ppid,
  byMake: process.env['MAKELEVEL'] !== undefined,
};

export function onReasonToEnd(end: (reason: string) => void, around: Surroundings = REAL): () => void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  const terminals = [0, 1, 2].filter((fd) => around.isTerminal(fd));
  const parent = around.parent();
  const timer = setInterval(() => {
    if (terminals.some((fd) => !around.isTerminal(fd))) stop('the terminal is gone');
    else if (around.byMake && around.parent() !== parent) stop('make is gone');
  }, LOOK_MS);
  timer.unref();
  const stop = (reason: string): void => {
    clearInterval(timer);
    end(reason);
  };
  return () => clearInterval(timer);
}
