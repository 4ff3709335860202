/*
 * A terminal for tests. In: a program, a command line, an environment. Out: what it printed and its exit status, and a
 * transcript that shows the command before its output.
 */
import { SYSTEM_CLOCK } from '../../../common/service/clock';
import type { Program } from '../../cli/command';
import type { Io, Screen } from '../../cli/io';
import { runProgram } from '../../cli/program';

export interface Printed {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** "$ cactl list", the output, and the status if it is not 0. */
  readonly transcript: string;
}

interface ConsoleOptions {
  readonly env?: Io['env'];
  readonly cwd?: string;
  readonly screen?: Partial<Screen>;
  readonly ended?: AbortSignal;
  readonly behind?: () => boolean;
  /** Called with each piece of output. */
  readonly onOut?: (text: string) => void;
}

/** Every run has another id: two tools with one process id could not have a queue each. */
let lastPid = process.pid * 1000;

export async function run(
  program: Program,
  argv: readonly string[],
  o: ConsoleOptions = {},
): Promise<Printed> {
  let out = '';
  let err = '';
  const io: Io = {
    env: { HOME: '/nonexistent', ...o.env },
    cwd: o.cwd ?? '/nonexistent',
    clock: SYSTEM_CLOCK,
    host: 'desk',
    pid: ++lastPid,
    version: '1.2.3',
    out: (text) => {
      const piece = typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
      out += piece;
      o.onOut?.(piece);
    },
    err: (text) => (err += text),
    behind: o.behind ?? (() => false),
    screen: () => ({ columns: 80, rows: 24, interactive: false, colours: 'none', ...o.screen }),
    keys: () => () => undefined,
    ended: o.ended ?? new AbortController().signal,
  };
  const status = await runProgram(program, argv, io);
  const line = `$ ${[program.name, ...argv].map(quoted).join(' ')}\n`;
  return { status, out, err, transcript: `${line}${err}${out}${status === 0 ? '' : `[${status}]\n`}` };
}

function quoted(word: string): string {
  return /^[\w@%+=:,./;-]+$/.test(word) ? word : `'${word}'`;
}
