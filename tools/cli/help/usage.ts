/*
 * Help texts from the table of commands. In: a program or one of its commands. Out: text for --help.
 * man.ts makes the man pages from the same texts.
 */
import type { Argument, Command, Option, Program } from '../command';

/** cactl create METRIC [options] */
export function usageLine(program: Program, command: Command): string {
  const words = [program.name, ...(program.commands.length === 1 ? [] : [command.name])];
  return [
    ...words,
    ...command.arguments.map(argumentText),
    ...(command.options.length > 0 ? ['[options]'] : []),
  ].join(' ');
}

export function argumentText(a: Argument): string {
  const dots = a.repeat === true ? ' …' : '';
  return a.optional === true ? `[${a.name}${dots}]` : `${a.name}${dots}`;
}

export function optionText(o: Option): string {
  const long = o.value === undefined ? `--${o.name}` : `--${o.name} ${o.value}`;
  return o.short === undefined ? long : `-${o.short}, ${long}`;
}

export function programHelp(program: Program, columns: number): string {
  const shown = program.commands.filter((c) => c.hidden !== true);
  return [
    `${program.name}: ${program.about}`,
    '',
    `usage: ${program.name} COMMAND [arguments] [options]`,
    '',
    'Commands:',
    ...shown.flatMap((c) => row([c.name, ...c.arguments.map(argumentText)].join(' '), c.about, columns)),
    '',
    'Options of all commands:',
    ...program.options.flatMap((o) => row(optionText(o), o.about, columns)),
    '',
    `"${program.name} COMMAND --help" says more; "man ${program.name}" says all.`,
    '',
  ].join('\n');
}

export function commandHelp(program: Program, command: Command, columns: number): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines];
  return [
    `usage: ${usageLine(program, command)}`,
    '',
    ...command.details.flatMap((p, i) => [...(i === 0 ? [] : ['']), ...wrap(p, columns)]),
    ...section(
      'Arguments',
      command.arguments.flatMap((a) => row(a.name, a.about, columns)),
    ),
    ...section(
      'Options',
      command.options.flatMap((o) => row(optionText(o), o.about, columns)),
    ),
    ...section(
      'Options of all commands',
      program.options.flatMap((o) => row(optionText(o), o.about, columns)),
    ),
    ...section(
      'Examples',
      command.examples.flatMap((e) => [
        `  ${e.line}`,
        ...wrap(e.about, columns - 6).map((l) => `      ${l}`),
      ]),
    ),
    '',
  ].join('\n');
}

const LEFT = 28;

function row(left: string, right: string, columns: number): string[] {
  const lines = wrap(right, Math.max(20, columns - LEFT - 2));
  const head = `  ${left}`;
  if (head.length >= LEFT) return [head, ...lines.map((l) => ' '.repeat(LEFT) + l)];
  return lines.map((l, i) => (i === 0 ? head.padEnd(LEFT) : ' '.repeat(LEFT)) + l);
}

/** Breaks between words; a word longer than the line stands alone. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
