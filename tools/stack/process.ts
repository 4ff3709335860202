/*
 * Child processes that are always ended by their id. In: a command. Out: a running process, its exit, and its log file.
 * The guard ends them even when we are killed: it is a shell that reads their ids from a pipe which breaks with us.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** Not through a link: it may lead to a file that others want us to write to. */
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

export interface Running {
  readonly pid: number;
  readonly exited: Promise<number | NodeJS.Signals>;
  alive(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly cwd?: string;
  /** A descriptor of ours that it gets as descriptor 3. */
  readonly inherit?: number | undefined;
}

/**
 * The child leads a process group of its own: a terminal's Ctrl-C reaches only us, and we end the rest in order.
 * Rejects when the program cannot be started at all.
 */
export async function run(command: Command, guard?: Guard): Promise<Running> {
  mkdirSync(dirname(command.logFile), { recursive: true });
  const log = openSync(command.logFile, APPEND, 0o600);
  const child = spawn(command.file, command.args, {
    env: command.env,
    cwd: command.cwd,
    stdio: ['ignore', log, log, ...(command.inherit === undefined ? [] : [command.inherit])],
    detached: true,
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const running = watch(child);
  guard?.add(running.pid);
  void running.exited.then(() => guard?.remove(running.pid));
  return running;
}

function watch(child: ChildProcess): Running {
  const pid = child.pid ?? 0;
  let gone = false;
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      gone = true;
      resolve(signal ?? code ?? 0);
    });
  });
  return {
    pid,
    exited,
    alive: () => !gone,
    signal: (signal) => {
      if (!gone) child.kill(signal);
    },
    async stop(graceMs = 3000) {
      if (gone) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

export interface Guard {
  add(pid: number): void;
  remove(pid: number): void;
  /** Resolves when the guard itself is gone. */
  close(): Promise<void>;
}

/** "+pid" and "-pid" lines keep its list; when the pipe closes it ends what is left on the list. */
const GUARD_SCRIPT = `
trap '' INT HUP TERM
pids=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) pids="$pids$pid " ;;
    -*) pids=$(printf '%s' "$pids" | sed "s/ $pid / /") ;;
  esac
done
for pid in $pids; do kill -TERM "$pid" 2>/dev/null; done
[ "$pids" = ' ' ] || sleep 2
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
`;

export function startGuard(): Guard {
  const shell = spawn('/bin/sh', ['-c', GUARD_SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.stdin.on('error', () => undefined); // it cannot be written to any more: the guard is gone
  const gone = new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
    shell.once('error', () => resolve());
  });
  shell.unref();
  (shell.stdin as { unref?: () => void }).unref?.();
  return {
    add: (pid) => shell.stdin.write(`+${pid}\n`),
    remove: (pid) => shell.stdin.write(`-${pid}\n`),
    close: () => {
      shell.ref();
      shell.stdin.end();
      return gone;
    },
  };
}
