/*
 * The definition of a command: its texts (source of usage, man page and completion) and its action.
 * Next: commands.ts, the list of all; parse.ts, which reads a command line by it.
 */
import type { Options } from './options';
import type { Session } from './system/session';

/** Completions for the shell, requested from the running system. */
export type Completion =
  'instrumentation' | 'metric' | 'field' | 'service' | 'command' | 'context' | 'file' | readonly string[];

export interface Option {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of its value; absent: the option is a switch. */
  readonly value?: string;
  readonly about: string;
  readonly complete?: Completion;
}

export interface Argument {
  readonly name: string;
  readonly about: string;
  readonly optional?: boolean;
  /** The last argument may stand more than once. */
  readonly repeat?: boolean;
  readonly complete?: Completion;
}

interface Example {
  readonly line: string;
  readonly about: string;
}

export interface Command {
  readonly name: string;
  /** One line: what it is for. */
  readonly about: string;
  /** Paragraphs for the man page. */
  readonly details: readonly string[];
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  readonly examples: readonly Example[];
  /** Not listed in the help. */
  readonly hidden?: boolean;
  /** Resolves to the exit status. */
  readonly run: (call: Call) => Promise<number>;
}

/** A program: what its help and man page open with, and its commands' common options. */
export interface Program {
  readonly name: string;
  readonly about: string;
  readonly details: readonly string[];
  readonly options: readonly Option[];
  readonly commands: readonly Command[];
}

/** A command line, read. */
export interface Call {
  readonly args: readonly string[];
  readonly options: Options;
  readonly session: Session;
}
