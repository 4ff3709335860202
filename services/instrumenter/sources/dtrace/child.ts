/*
 * dtrace as a child process. In: a program's text. Out: what it prints, piece by piece, until it is ended by its id.
 * The text goes through its standard input: nothing of it in the list of processes.
 * If we die, its next line meets a broken pipe, and it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { hasProbes } from './attached';
import { withScript } from './script';
import { LINE_BYTES } from './output';

/** Lines of its standard error that are kept for people. */
const COMPLAINT_LINES = 40;
/** Between SIGTERM and SIGKILL. */
const END_MS = 10_000;
/** Check interval for probes that are being taken away. */
const DETACH_POLL_MS = 50;

export interface Child {
  readonly exited: Promise<void>;
  /** The last lines of its standard error. */
  complaints(): string;
  /** It was started with low priority, as compiling and attaching cost a second of CPU: from now on it is one of us. */
  raise(): void;
  /** SIGTERM, so that it removes its probes; SIGKILL when it has, or takes too long. Resolves when it is gone. */
  end(): Promise<void>;
}

export interface Listener {
  output(chunk: Buffer): void;
  /** A line of its standard error. */
  complaint(line: string): void;
}

const NICE = 5;

export function runDtrace(dtrace: string, text: string, listener: Listener): Child {
  const child = withScript(text, (script) =>
    spawn(dtrace, ['-s', '/dev/stdin'], { stdio: [script, 'pipe', 'pipe'] }),
  );
  const pid = child.pid;
  const lines: string[] = [];
  let gone = false;
  const say = (line: string): void => {
    if (lines.push(line) > COMPLAINT_LINES) lines.shift();
    listener.complaint(line);
  };
  prioritize(pid, NICE);

  child.stdout?.on('data', (chunk: Buffer) => {
    listener.output(chunk);
  });
  let rest = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = (parts.pop() ?? '').slice(-LINE_BYTES);
    for (const part of parts) if (part !== '') say(part);
  });

  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      gone = true;
      say(error.message);
      resolve();
    });
    child.once('close', () => {
      gone = true;
      if (rest !== '') say(rest);
      resolve();
    });
  });
  return {
    exited,
    complaints: () => lines.join('\n'),
    raise: () => {
      if (!gone) prioritize(pid, 0);
    },
    async end() {
      if (gone) return;
      prioritize(pid, NICE);
      const stop = killWhenDetached(child);
      child.kill('SIGTERM');
      await exited;
      stop();
    },
  };
}

/**
 * Linux's dtrace removes its probes within 0.3 s, and then frees what it knows of the kernel's types one by one, for
 * 5 s of CPU: as soon as its probes are gone it need not live. Where they cannot be seen it has the time it needs, up
 * to a limit.
 */
function killWhenDetached(child: ChildProcess): () => void {
  const { pid } = child;
  const deadline = setTimeout(() => child.kill('SIGKILL'), END_MS);
  const seen = pid !== undefined && hasProbes(pid);
  const poll = setInterval(() => {
    if (seen && !hasProbes(pid)) child.kill('SIGKILL');
  }, DETACH_POLL_MS);
  return () => {
    clearTimeout(deadline);
    clearInterval(poll);
  };
}

/** Where it is not allowed, nothing is lost but manners. */
function prioritize(pid: number | undefined, nice: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, or we may not.
  }
}
