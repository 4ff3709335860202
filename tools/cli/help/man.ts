/*
 * Man pages from the table of commands, the source of --help too. In: a program. Out: roff, one page for it and one for
 * each command.
 */
import type { Command, Program } from '../command';
import { argumentText, optionText, usageLine } from './usage';

export interface Page {
  /** cactl-create.1 */
  readonly file: string;
  readonly text: string;
}

export function manPages(program: Program, version: string): Page[] {
  const shown = program.commands.filter((c) => c.hidden !== true);
  const single = shown.length === 1 ? shown[0] : undefined;
  if (single !== undefined)
    return [{ file: `${program.name}.1`, text: commandPage(program, single, program.name, version) }];
  return [
    { file: `${program.name}.1`, text: programPage(program, shown, version) },
    ...shown.map((c) => ({
      file: `${program.name}-${c.name}.1`,
      text: commandPage(program, c, `${program.name}-${c.name}`, version),
    })),
  ];
}

function programPage(program: Program, commands: readonly Command[], version: string): string {
  return page([
    heading(program.name, version),
    '.SH NAME',
    `${escape(program.name)} \\- ${escape(program.about)}`,
    '.SH SYNOPSIS',
    `.B ${escape(program.name)}`,
    '.I COMMAND',
    '[arguments] [options]',
    '.SH DESCRIPTION',
    ...paragraphs(program.details),
    '.SH COMMANDS',
    ...commands.flatMap((c) =>
      item(
        [c.name, ...c.arguments.map(argumentText)].join(' '),
        `${c.about}; see ${program.name}-${c.name}(1)`,
      ),
    ),
    '.SH OPTIONS OF ALL COMMANDS',
    ...program.options.flatMap((o) => item(optionText(o), o.about)),
    ...ENDING,
  ]);
}

function commandPage(program: Program, command: Command, name: string, version: string): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
  const own = new Set(command.options.map((o) => o.name));
  return page([
    heading(name, version),
    '.SH NAME',
    `${escape(name)} \\- ${escape(program.commands.length === 1 ? program.about : command.about)}`,
    '.SH SYNOPSIS',
    `.B ${escape(usageLine(program, command))}`,
    '.SH DESCRIPTION',
    ...paragraphs(command.details),
    ...section(
      'ARGUMENTS',
      command.arguments.flatMap((a) => item(a.name, a.about)),
    ),
    ...section(
      'OPTIONS',
      command.options.flatMap((o) => item(optionText(o), o.about)),
    ),
    ...section(
      'OPTIONS OF ALL COMMANDS',
      program.options.filter((o) => !own.has(o.name)).flatMap((o) => item(optionText(o), o.about)),
    ),
    ...section(
      'EXAMPLES',
      command.examples.flatMap((e) => [...paragraphs([e.about]), '.nf', `    ${escape(e.line)}`, '.fi']),
    ),
    ...ENDING,
    ...section('SEE ALSO', program.commands.length === 1 ? ['cactl(1)'] : [`${escape(program.name)}(1)`]),
  ]);
}

const ENDING = [
  '.SH EXIT STATUS',
  ...item('0', 'done; for summary: all is well'),
  ...item('1', 'failed; for summary: something is wrong'),
  ...item('2', 'the command line is wrong'),
  ...item('3', 'no answer came in time'),
];

function heading(name: string, version: string): string {
  return `.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" "cloud-analytics ${escape(version)}" "Cloud Analytics"`;
}

function item(term: string, text: string): string[] {
  return ['.TP', `\\fB${escape(term)}\\fR`, escape(text)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ['.PP', escape(text)]);
}

function page(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** roff interprets backslashes anywhere, and a dot or apostrophe at the start of a line. */
export function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replace(/^([.'])/, '\\&$1');
}
