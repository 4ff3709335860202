/*
 * A service that is restarted when it exits by itself, with growing pauses. In: a command. Out: a handle.
 * A service that cannot even start says why once, in its log and here, instead of in a loop of stack traces; one that
 * has a wrong setting is not restarted: the setting will not correct itself.
 */
import { Backoff } from '../../common/service/backoff';
import { existsSync, readFileSync } from 'node:fs';
import { BAD_SETTING_STATUS } from '../../common/service/cannot-start';
import { run, type Command, type Guard, type Running } from './process';

export interface Supervised {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Why it is not running, when it is not. */
  failure(): string | undefined;
  /** A wrong setting: it is not started again. */
  gaveUp(): boolean;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const PAUSES_MS = { first: 400, most: 10_000 };
/** One that ran this long is healthy again: the next pause is the first one. */
const HEALTHY_MS = 30_000;

export async function supervise(
  name: string,
  command: Command,
  guard: Guard,
  say: (line: string) => void,
  /** Called when it will not be restarted: resources held for it can be released. */
  letGo: () => void = () => undefined,
): Promise<Supervised> {
  let stopping = false;
  let over = false;
  const backoff = new Backoff(PAUSES_MS);
  let failure: string | undefined;
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  let running: Running;

  const start = async (): Promise<void> => {
    running = await run(command, guard);
    const since = Date.now();
    failure = undefined;
    void running.exited.then((how) => {
      if (stopping) return;
      if (Date.now() - since > HEALTHY_MS) backoff.succeeded();
      const why = `${name} ended (${how}): ${lastWords(command.logFile)}`;
      const again = how !== BAD_SETTING_STATUS;
      if (why !== said) say(`${why}; ${again ? 'starting it again' : 'it is not started again'}`);
      [failure, said] = [why, why];
      if (!again) {
        over = true;
        letGo();
        return;
      }
      timer = setTimeout(() => void start().catch((error: unknown) => say(String(error))), backoff.failed());
    });
  };
  await start();

  return {
    name,
    get pid() {
      return running.pid;
    },
    logFile: command.logFile,
    failure: () => failure,
    gaveUp: () => over,
    signal: (signal) => {
      running.signal(signal);
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running.stop();
    },
  };
}

/** The last error in the log: a bunyan record's message, or the line that names an error. */
export function lastWords(logFile: string): string {
  if (!existsSync(logFile)) return 'it said nothing';
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-40);
  const telling =
    lines.filter((line) => /error|cannot|must|refused|denied|no space/i.test(line)).at(-1) ??
    lines.at(-1) ??
    '';
  try {
    return (JSON.parse(telling) as { msg?: string }).msg ?? telling;
  } catch {
    return telling.trim().slice(0, 300);
  }
}
