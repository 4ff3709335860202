/*
 * dtrace as a child process. In: a program's text. Out: its output, piece by piece, until it is ended by its id.
 * The text is passed through standard input, so that it does not appear in the list of processes.
 * If we exit, its next line meets a broken pipe, and it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { hasProbes } from './attached';
import { withScript } from './script';
import { LINE_BYTES } from './output';

/** Lines of its standard error that are kept for error texts. */
const COMPLAINT_LINES = 40;
/** Between SIGTERM and SIGKILL. */
const END_MS = 10_000;
/** Check interval for probes that are being removed. */
const DETACH_POLL_MS = 50;

export interface Child {
  readonly exited: Promise<void>;
  /** The last lines of its standard error. */
  complaints(): string;
  /** Ends the low priority that it was started with, because compiling and attaching cost a second of CPU. */
  raise(): void;
  /** SIGTERM, so that it removes its probes; SIGKILL when it has, or takes too long. Resolves when it has exited. */
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
 * Linux's dtrace removes its probes within 0.3 s, and then frees its data about the kernel's types one by one, for
 * 5 s of CPU: it can be killed as soon as its probes are gone. Where they cannot be seen it has the time it needs, up
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

/** Where that is not allowed, only the priority differs. */
function prioritize(pid: number | undefined, nice: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, or that is not permitted.
  }
}
