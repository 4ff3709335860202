/*
 * Reads a command line by the table of commands. In: argv. Out: the command, its arguments and options, or a
 * UsageError that says in one line what to write instead.
 */
import { parseArgs } from 'node:util';
import type { Command, Option, Program } from './command';
import { Options, UsageError } from './options';
import { nearest } from '../../common/model/nearest';
import { usageLine } from './help/usage';

interface Parsed {
  readonly command: Command | undefined;
  readonly args: readonly string[];
  readonly options: Options;
}

/** Options may stand anywhere; "--" ends them. A program without commands is its own only command. */
export function parseCommandLine(program: Program, argv: readonly string[]): Parsed {
  const only = program.commands.length === 1 ? program.commands[0] : undefined;
  // The options depend on the command, and which word is the command depends on the options that take a value.
  const command = only ?? commandOf(program, argv);
  const known = [...(command?.options ?? []), ...program.options];
  const args: string[] = [];
  const values = new Map<string, string | true>();
  for (const token of tokensOf(argv, known)) {
    if (token.kind === 'positional') args.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known.find(({ name }) => name === token.name);
    if (option === undefined) throw unknownOption(program, command, token.rawName, known);
    values.set(option.name, valueOf(option, token));
  }
  if (only === undefined) args.shift();
  const options = new Options(values);
  if (command !== undefined && !options.has('help') && !options.has('version'))
    countArguments(program, command, args);
  return { command, args, options };
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

function tokensOf(argv: readonly string[], options: readonly Option[]): readonly Token[] {
  const { tokens } = parseArgs({
    // A negative number is an argument, and node takes it for a group of short options.
    args: argv.map((word) => (/^-\d/.test(word) ? `${NUMBER}${word}` : word)),
    options: Object.fromEntries(
      options.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  return tokens.map((token) =>
    token.kind !== 'option-terminator' && token.value?.startsWith(NUMBER) === true
      ? ({ ...token, value: token.value.slice(NUMBER.length) } as Token)
      : token,
  );
}

const NUMBER = '\0';

function commandOf(program: Program, argv: readonly string[]): Command | undefined {
  const all = [...program.options, ...program.commands.flatMap(({ options }) => options)];
  // An option that takes a value in one command and none in another: whichever finds a command's name first.
  const takesValue = new Map<string, Option>();
  for (const option of all)
    if (option.value !== undefined || !takesValue.has(option.name)) takesValue.set(option.name, option);
  const word = tokensOf(argv, [...takesValue.values()]).find(({ kind }) => kind === 'positional');
  return word?.kind === 'positional' ? commandNamed(program, word.value) : undefined;
}

function valueOf(option: Option, { rawName, value, inlineValue }: OptionToken): string | true {
  if (option.value === undefined) {
    if (inlineValue === true) throw new UsageError(`${rawName} takes no value`);
    return true;
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  return value;
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
