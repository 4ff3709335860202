/*
 * Reads a command line by the table of commands. In: argv. Out: the command, its arguments and options, or a
 * UsageError that says in one line what to write instead.
 */
import { Options, UsageError, type Command, type Option, type Program } from './command';
import { nearest } from './nearest';
import { usageLine } from './usage';

interface Parsed {
  readonly command: Command | undefined;
  readonly args: readonly string[];
  readonly options: Options;
}

/** Options may stand anywhere; "--" ends them. A program without commands is its own only command. */
export function parseCommandLine(program: Program, argv: readonly string[]): Parsed {
  const args: string[] = [];
  const values = new Map<string, string | true>();
  const pending: { word: string; at: number }[] = [];
  let command: Command | undefined = program.commands.length === 1 ? program.commands[0] : undefined;
  let at = 0;
  let literal = false;

  const known = (): readonly Option[] => [...(command?.options ?? []), ...program.options];
  const take = (option: Option, word: string, given: string | undefined): void => {
    if (option.value === undefined) {
      if (given !== undefined) throw new UsageError(`${word} takes no value`);
      values.set(option.name, true);
      return;
    }
    const value = given ?? argv[at++];
    if (value === undefined) throw new UsageError(`${word} needs a value: ${word} ${option.value}`);
    values.set(option.name, value);
  };

  while (at < argv.length) {
    const word = argv[at++] ?? '';
    if (literal || word === '-' || !word.startsWith('-') || /^-\d/.test(word)) {
      if (command === undefined) command = commandNamed(program, word);
      else args.push(word);
    } else if (word === '--') literal = true;
    else if (command === undefined && !findOption(program.options, word)) pending.push({ word, at });
    else {
      const found = findOption(known(), word);
      if (found === undefined) throw unknownOption(program, command, word, known());
      take(found.option, found.word, found.given);
    }
  }
  const [early] = pending;
  if (early !== undefined) throw unknownOption(program, command, early.word, known());
  const options = new Options(values);
  if (command !== undefined && !options.has('help') && !options.has('version'))
    countArguments(program, command, args);
  return { command, args, options };
}

interface Found {
  readonly option: Option;
  /** As the user wrote it, without the value. */
  readonly word: string;
  readonly given: string | undefined;
}

function findOption(options: readonly Option[], word: string): Found | undefined {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
    const option = options.find((o) => o.name === name);
    const given = equals === -1 ? undefined : word.slice(equals + 1);
    return option === undefined ? undefined : { option, word: `--${name}`, given };
  }
  const option = options.find((o) => o.short === word.charAt(1));
  if (option === undefined || (option.value === undefined && word.length > 2)) return undefined;
  return { option, word: word.slice(0, 2), given: word.length > 2 ? word.slice(2) : undefined };
}

function unknownOption(
  program: Program,
  command: Command | undefined,
  word: string,
  options: readonly Option[],
): UsageError {
  const name = word.replace(/=.*/, '');
  const near = nearest(
    name,
    options.map((o) => `--${o.name}`),
  );
  const of =
    command === undefined || program.commands.length === 1 ? program.name : `${program.name} ${command.name}`;
  return new UsageError(
    `${of} has no option ${name}; ${near === undefined ? `see ${of} --help` : `did you mean ${near}?`}`,
  );
}

function commandNamed(program: Program, word: string): Command {
  const command = program.commands.find((c) => c.name === word);
  if (command !== undefined) return command;
  const near = nearest(
    word,
    program.commands.filter((c) => c.hidden !== true).map((c) => c.name),
  );
  throw new UsageError(
    `${program.name} has no command "${word}"; ${near === undefined ? `see ${program.name} --help` : `did you mean ${near}?`}`,
  );
}

function countArguments(program: Program, command: Command, args: readonly string[]): void {
  const needed = command.arguments.filter((a) => a.optional !== true);
  const missing = needed[args.length];
  const usage = usageLine(program, command);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing; usage: ${usage}`);
  const many = command.arguments.at(-1)?.repeat === true;
  if (!many && args.length > command.arguments.length) {
    throw new UsageError(
      `"${args[command.arguments.length] ?? ''}" is one argument too many; usage: ${usage}`,
    );
  }
}
