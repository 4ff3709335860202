/* `cactl completion`: scripts for the shells; and, hidden, what they call. */
import type { Command, Program } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { complete, completionScript, SHELLS } from '../../cli/help/completion';
import { visible } from '../../cli/screen/visible';

export const completion: Command = {
  name: 'completion',
  about: 'completion for bash, zsh or fish',
  details: [
    'Prints a script for the shell. It completes commands and options, and asks the running deployment for ids, metrics, ' +
      'fields and services.',
  ],
  arguments: [{ name: 'SHELL', about: 'bash, zsh or fish', complete: SHELLS }],
  options: [
    {
      name: 'program',
      value: 'NAME',
      about: 'cactl (default) or amqpsnoop',
      complete: ['cactl', 'amqpsnoop'],
    },
  ],
  examples: [{ line: 'eval "$(cactl completion bash)"', about: 'In ~/.bashrc.' }],
  run({ args, options, session }) {
    const shell = SHELLS.find((s) => s === args[0]);
    if (shell === undefined)
      throw new UsageError(`there is completion for ${SHELLS.join(', ')}, not for ${args[0] ?? ''}`);
    const name = options.get('program') ?? 'cactl';
    if (name !== 'cactl' && name !== 'amqpsnoop')
      throw new UsageError(`--program must be cactl or amqpsnoop, not ${name}`);
    session.io.out(completionScript(name, shell));
    return Promise.resolve(EXIT.ok);
  },
};

/** `cactl __complete -- words`: one candidate a line, a tab, what it is. */
export function completer(program: () => Program): Command {
  return {
    name: '__complete',
    about: 'what may stand at the end of a command line',
    details: ['Called by the completion scripts.'],
    arguments: [{ name: 'WORD', about: 'the words so far', optional: true, repeat: true }],
    options: [],
    examples: [],
    hidden: true,
    async run({ args, session }) {
      const found = await complete(program(), args, session);
      // The tab is the shell's; a word with unsafe characters is not offered.
      const shown = found.filter(({ word }) => visible(word) === word);
      session.paint(shown.map(({ word, about }) => (about === '' ? word : `${word}\t${visible(about)}`)));
      return EXIT.ok;
    },
  };
}
