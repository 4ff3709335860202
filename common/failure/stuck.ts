/*
 * Inspects a stuck main thread from another thread. In: nothing; the main thread does not answer. Out: a dump with
 * its JavaScript stack and its current state.
 *
 * The inspector pauses it (no port is opened) and evaluates a function there for its state: a thread too busy for
 * messages can still be made to call a function. Outside JavaScript (a system call that hangs, a regular expression)
 * it cannot be paused; then the kernel's state of the thread is all there is.
 */
import { readFileSync } from 'node:fs';
import { Session, type Debugger } from 'node:inspector';
import { writeDump, type DumpFile } from './dump-file';
import { messageOf } from '../service/errors';
import { diagnosticReport, DUMP_VERSION } from './panic';
import { presentable, secretsOf } from './presentable';

interface StuckOptions {
  readonly folder: string;
  readonly service: string;
  readonly host: string;
  /** Seconds for which it has been stuck. */
  readonly seconds: number;
}

interface StuckDump extends DumpFile {
  /** For people: the innermost function. */
  readonly busyWith: string;
}

export interface Stuck {
  readonly dumpStuck: typeof dumpStuck;
}

interface Seen {
  readonly stack: readonly string[];
  readonly dump: Readonly<Record<string, unknown>> | undefined;
  readonly problem: string | undefined;
}

const PAUSE_MS = 1500;
const ASK_MS = 1500;

export async function dumpStuck({ folder, service, host, seconds }: StuckOptions): Promise<StuckDump> {
  const reason = `stuck for ${seconds} s`;
  const { stack, dump, problem } = await look(reason);
  const os = presentable(kernelsWord());
  const { report, ...known } = dump ?? {
    version: DUMP_VERSION,
    reason,
    time: new Date().toISOString(),
    service,
    host,
    pid: process.pid,
    node: process.version,
    unavailable: problem,
    // The report of this thread; its memory, handles and limits are the process's.
    report: presentable(diagnosticReport(), secretsOf(process.env)),
  };
  const file = writeDump(folder, service, Date.now(), { ...known, stack, os, report });
  return { ...file, busyWith: stack[0] ?? 'something other than JavaScript' };
}

async function look(reason: string): Promise<Seen> {
  const session = new Session();
  session.connectToMainThread();
  let stack: string[] = [];
  try {
    const paused = await stop(session);
    stack = paused.map(
      ({ functionName, url, location }) =>
        `${functionName === '' ? '(anonymous)' : functionName} ${url}:${location.lineNumber + 1}`,
    );
    const [top] = paused;
    if (top === undefined) return { stack, dump: undefined, problem: 'it has no stack' };
    return { stack, dump: await ask(session, top.callFrameId, reason), problem: undefined };
  } catch (error) {
    return { stack, dump: undefined, problem: messageOf(error) };
  } finally {
    session.disconnect(); // a stopped thread goes on
  }
}

function stop(session: Session): Promise<readonly Debugger.CallFrame[]> {
  return within(PAUSE_MS, 'it is not in JavaScript', (resolve, reject) => {
    session.once('Debugger.paused', ({ params }) => {
      resolve(params.callFrames);
    });
    session.post('Debugger.enable', (error) => {
      if (error !== null) reject(error);
    });
    session.post('Debugger.pause', (error) => {
      if (error !== null) reject(error);
    });
  });
}

function ask(session: Session, callFrameId: string, reason: string): Promise<Record<string, unknown>> {
  const expression = `globalThis[Symbol.for('cloud-analytics.panic')](${JSON.stringify(reason)})`;
  return within(ASK_MS + 500, 'its state did not come', (resolve, reject) => {
    session.post(
      'Debugger.evaluateOnCallFrame',
      { callFrameId, expression, returnByValue: true, silent: true, timeout: ASK_MS },
      (error, answer) => {
        if (error !== null || answer === undefined) {
          reject(error ?? new Error('its state did not come'));
          return;
        }
        const { result, exceptionDetails } = answer as Debugger.EvaluateOnCallFrameReturnType;
        if (exceptionDetails !== undefined || typeof result.value !== 'string') {
          reject(new Error(exceptionDetails?.exception?.description ?? 'its state cannot be read'));
        } else resolve(JSON.parse(result.value) as Record<string, unknown>);
      },
    );
  });
}

function within<T>(
  ms: number,
  otherwise: string,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(otherwise));
    }, ms);
    const done = (): void => {
      clearTimeout(timer);
    };
    begin(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}

/** Linux's view of the main thread: its state, wait channel and system call. */
function kernelsWord(): Record<string, string> {
  const told: Record<string, string> = {};
  for (const name of ['wchan', 'syscall', 'stack', 'status']) {
    try {
      told[name] = readFileSync(`/proc/self/task/${process.pid}/${name}`, 'utf8').slice(0, 2000);
    } catch {
      // Another system, or no permission.
    }
  }
  return told;
}
