/*
 * Completion of command lines. In: the words before the cursor. Out: candidates, with a short description of each;
 * ids, metrics, fields and services come from the running system, which gets half a second to answer.
 * The scripts of the three shells are thin: they pass the words and show the answer.
 */
import type { Argument, Command, Completion, Option, Program } from '../command';
import { description, instrumentations } from '../system/resources';
import { serviceOfKey } from '../system/services';
import type { Session } from '../system/session';
import { survey } from '../system/survey';
import { readConfigFile } from '../system/target';
import { visible } from '../screen/visible';

interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** `words` are those behind the program's name; the last one, maybe empty, is being typed. */
export async function complete(
  program: Program,
  words: readonly string[],
  session: Session,
): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const single = program.commands.length === 1 ? program.commands[0] : undefined;
  const { command, given, options } = walk(program, before, single);
  const known = [...(command?.options ?? []), ...program.options];
  const waiting = options.at(-1);
  if (waiting?.open === true)
    return matching(await candidatesFor(waiting.option.complete, given, session), typed);
  if (typed.startsWith('-')) {
    return matching(
      known.map((o) => ({ word: `--${o.name}`, about: o.about })),
      typed,
    );
  }
  if (command === undefined) {
    const shown = program.commands.filter((c) => c.hidden !== true);
    return matching(
      shown.map((c) => ({ word: c.name, about: c.about })),
      typed,
    );
  }
  return matching(await candidatesFor(argumentAt(command, given.length)?.complete, given, session), typed);
}

interface Walked {
  command: Command | undefined;
  given: string[];
  options: { option: Option; open: boolean }[];
}

function walk(program: Program, words: readonly string[], single: Command | undefined): Walked {
  const walked: Walked = { command: single, given: [], options: [] };
  for (const word of words) {
    const last = walked.options.at(-1);
    if (last?.open === true) last.open = false;
    else if (word.startsWith('-') && word !== '-') {
      const known = [...(walked.command?.options ?? []), ...program.options];
      const name = word.replace(/=.*/, '');
      const option = known.find((o) => `--${o.name}` === name || `-${o.short ?? ''}` === word);
      if (option !== undefined)
        walked.options.push({ option, open: option.value !== undefined && !word.includes('=') });
    } else if (walked.command === undefined) walked.command = program.commands.find((c) => c.name === word);
    else walked.given.push(word);
  }
  return walked;
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const last = command.arguments.at(-1);
  return command.arguments[index] ?? (last?.repeat === true ? last : undefined);
}

async function candidatesFor(
  kind: Completion | undefined,
  given: readonly string[],
  session: Session,
): Promise<Candidate[]> {
  if (kind === undefined || kind === 'file' || kind === 'command') return [];
  if (typeof kind !== 'string') return kind.map((word) => ({ word, about: '' }));
  try {
    return await ask(kind, given, session);
  } catch {
    return []; // no answer: there is nothing to offer, and a message would spoil the command line
  }
}

async function ask(
  kind: Exclude<Completion, readonly string[]>,
  given: readonly string[],
  session: Session,
): Promise<Candidate[]> {
  if (kind === 'context') {
    return [...readConfigFile(session.io, session.options).contexts.keys()].map((word) => ({
      word,
      about: '',
    }));
  }
  if (kind === 'instrumentation') {
    const list = await instrumentations(session.front, false);
    return list.map((i) => ({
      word: i.id,
      about: `${i.module}.${i.stat} ${i.decomposition.join(',')}`.trim(),
    }));
  }
  if (kind === 'service') {
    const { answered, silent } = await survey(session);
    const { routes } = await session.bus();
    const names = [...answered.map((a) => a.key), ...silent].map((key) => serviceOfKey(key, routes));
    return names.map((word) => ({ word, about: '' }));
  }
  const d = await description(session.front);
  if (kind === 'metric') return d.metrics.map((m) => ({ word: `${m.module}.${m.stat}`, about: m.label }));
  const metric = d.metrics.find((m) => `${m.module}.${m.stat}` === given[0]);
  return (metric?.fields ?? Object.keys(d.fields)).map((word) => ({
    word,
    about: d.fields[word]?.label ?? '',
  }));
}

/** Lists with commas complete their last entry. */
function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  const comma = typed.lastIndexOf(',') + 1;
  const head = typed.slice(0, comma);
  const taken = new Set(head.split(','));
  return candidates
    .filter(({ word }) => word.startsWith(typed.slice(comma)) && !taken.has(word))
    .map(({ word, about }) => ({ word: visible(head + word), about: visible(about) }));
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a user's shell start-up evaluates: eval "$(cactl completion bash)". */
export function completionScript(name: string, shell: Shell): string {
  const ask = `${name} __complete --timeout 0.5`;
  switch (shell) {
    case 'bash':
      return `# bash completion of ${name}: eval "$(${name} completion bash)"
_${name}() {
  local word about
  compopt -o nosort 2>/dev/null
  COMPREPLY=()
  while IFS=$'\\t' read -r word about; do
    COMPREPLY+=("$word")
  done < <(${ask} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _${name} ${name}
`;
    case 'zsh':
      return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${name}() {
  local -a found
  local word about
  while IFS=$'\\t' read -r word about; do
    found+=("\${word//:/\\\\:}:$about")
  done < <(${ask} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe '${name}' found; else _files; fi
}
# As a file of zsh's own folders this is the body of _${name} when it is first wanted.
if [[ \${funcstack[1]} == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
    case 'fish':
      return `# fish completion of ${name}: ${name} completion fish | source
function __${name}
  set -l words (commandline -opc) (commandline -ct)
  ${ask} -- $words[2..-1] 2>/dev/null
end
complete -c ${name} -a '(__${name})'
`;
  }
}
