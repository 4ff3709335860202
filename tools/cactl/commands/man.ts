/* `cactl man`: writes the man pages of both programs, or prints one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Program } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { manPages } from '../../cli/help/man';

export function man(programs: () => readonly Program[]): Command {
  return {
    name: 'man',
    about: 'the man pages, as roff',
    details: [
      'Prints a man page, for man -l -, or writes all pages of cactl, amqpsnoop and cloud-analytics into a folder such as ' +
        '/usr/local/share/man/man1.',
    ],
    arguments: [
      {
        name: 'COMMAND',
        about: 'of cactl, or amqpsnoop or cloud-analytics (default: cactl itself)',
        optional: true,
        complete: 'command',
      },
    ],
    options: [{ name: 'write', value: 'FOLDER', about: 'write all pages there', complete: 'file' }],
    examples: [
      { line: 'cactl man watch | man -l -', about: 'Read one.' },
      { line: 'sudo cactl man --write /usr/local/share/man/man1', about: 'Install all.' },
    ],
    run({ args, options, session }) {
      const pages = programs().flatMap((program) => manPages(program, session.io.version));
      const folder = options.get('write');
      if (folder !== undefined) {
        mkdirSync(folder, { recursive: true });
        for (const { file, text } of pages) writeFileSync(join(folder, file), text);
        session.print([`wrote ${pages.length} pages to ${folder}`]);
        return Promise.resolve(EXIT.ok);
      }
      const name = args[0] ?? 'cactl';
      const page = pages.find(({ file }) => file === `${name}.1` || file === `cactl-${name}.1`);
      if (page === undefined) throw new UsageError(`there is no man page of ${name}`);
      session.io.out(page.text);
      return Promise.resolve(EXIT.ok);
    },
  };
}
