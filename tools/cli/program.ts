/*
 * Runs one command line of a program. In: argv and an Io. Out: an exit status; text on the Io.
 * 0 done (summary: healthy), 1 failed (summary: something is wrong), 2 the command line is wrong, 3 no answer in time.
 */
import { CaError, messageOf } from '../../common/service/errors';
import { PredicateTextError } from '../../common/model/predicate/predicate-text';
import type { Program } from './command';
import { EXIT, UsageError } from './options';
import type { Io } from './io';
import { parseCommandLine } from './parse';
import { Session } from './system/session';
import { commandHelp, programHelp } from './help/usage';
import { visible } from './screen/visible';

export async function runProgram(program: Program, argv: readonly string[], io: Io): Promise<number> {
  const say = (line: string): void => {
    io.err(`${program.name}: ${visible(line)}\n`);
  };
  let session: Session | undefined;
  try {
    const { command, args, options } = parseCommandLine(program, argv);
    const columns = Math.min(io.screen().columns, 100);
    if (options.has('version')) {
      io.out(`${program.name} ${io.version}\n`);
      return EXIT.ok;
    }
    if (options.has('help')) {
      const text =
        command === undefined ? programHelp(program, columns) : commandHelp(program, command, columns);
      io.out(text);
      return EXIT.ok;
    }
    if (command === undefined) throw new UsageError(`a command is missing; see ${program.name} --help`);
    session = new Session(io, options);
    return await command.run({ args, options, session });
  } catch (error) {
    return explain(error, say, io);
  } finally {
    await session?.close();
  }
}

function explain(error: unknown, say: (line: string) => void, io: Io): number {
  if (error instanceof UsageError) {
    say(error.message);
    if (error.picture !== undefined) io.err(pictureText(error.picture));
    return EXIT.usage;
  }
  if (error instanceof PredicateTextError) {
    say(error.message);
    io.err(pictureText(error.picture));
    return EXIT.usage;
  }
  if (error instanceof CaError) {
    say(error.message);
    return error.code === 'TIMED_OUT' ? EXIT.timedOut : EXIT.wrong;
  }
  say(messageOf(error));
  return EXIT.wrong;
}

/** Lines with a mark at a column; the text may be an untrusted file. */
function pictureText(picture: string): string {
  return `${picture.split('\n').map(visible).join('\n')}\n`;
}
