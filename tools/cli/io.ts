/*
 * The surroundings of a command-line program, as parameters: tests pass their own screens.
 * In: built by main.ts from process.*. Out: text to people; nothing else here reads the environment.
 */
import type { Clock } from '../../common/service/clock';

export type Colours = 'none' | '256' | 'full';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Output is a terminal: it may be animated. */
  readonly interactive: boolean;
  readonly colours: Colours;
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly host: string;
  readonly pid: number;
  /** Of this package. */
  readonly version: string;
  out(text: string | Uint8Array): void;
  err(text: string): void;
  /** The reader of our output is slow: more output would accumulate in memory. */
  behind(): boolean;
  /** Read each time it is needed: windows are resized. */
  screen(): Screen;
  /** Calls back at each key pressed, with Ctrl-C as "\x03"; returns what stops it. */
  keys(pressed: (key: string) => void): () => void;
  /** Aborted when the program should end. */
  readonly ended: AbortSignal;
}

/** Colours that the environment and the screen allow. NO_COLOR wins (no-color.org); COLORTERM says 24 bit. */
export function coloursOf(env: Io['env'], isTerminal: boolean, wish: string | undefined): Colours {
  if (wish === 'never') return 'none';
  if (wish !== 'always') {
    if ((env['NO_COLOR'] ?? '') !== '' || !isTerminal || env['TERM'] === 'dumb') return 'none';
  }
  if (/^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '')) return 'full';
  return (env['TERM'] ?? '').endsWith('-direct') ? 'full' : '256';
}

/** Output into a pipe is not cut: it has no width. */
export function columnsOf(env: Io['env'], actual: number | undefined): number {
  const asked = Number(env['COLUMNS']);
  return actual ?? (Number.isInteger(asked) && asked >= 20 ? asked : Infinity);
}

/** A picture needs a width even so. */
export function pictureColumns(columns: number): number {
  return Number.isFinite(columns) ? columns : 80;
}
