/* `cactl context`: the current deployment, and the named ones of the config file. */
import { documentText } from '../../cli/system/document';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { withoutPassword } from '../../../common/service/broker-url';
import { readConfigFile, type ConfigFile, type Facts } from '../../cli/system/target';
import { table } from '../../cli/screen/table';

export const context: Command = {
  name: 'context',
  about: 'which deployment is meant, and the named ones',
  details: [
    'Without an argument: the addresses in use, where each was found, and the contexts of the config file. "use NAME" ' +
      'makes one the current context, "set NAME" with --url, --amqp-url, --prefix, --token or --customer writes one, ' +
      '"remove NAME" takes one away. The file is readable by its owner alone, because it may hold secrets.',
  ],
  arguments: [
    { name: 'ACTION', about: 'use, set or remove', optional: true, complete: ['use', 'set', 'remove'] },
    { name: 'NAME', about: 'of a context', optional: true, complete: 'context' },
  ],
  options: [],
  examples: [
    { line: 'cactl context set production --url https://ca.example.com/', about: 'A name for a deployment.' },
    { line: 'cactl context use production', about: 'From now on that one is meant.' },
  ],
  run({ args, options, session }) {
    const [action, name] = args;
    const file = readConfigFile(session.io, options);
    if (action === undefined) {
      const { target } = session;
      const facts = [...target.origins].map(([fact, origin]) => [
        fact,
        safe(fact, target[fact as keyof Facts] ?? ''),
        origin,
      ]);
      const contexts = [...file.contexts].map(([n, f]) => [
        n === file.current ? '*' : '',
        n,
        f.url ?? '',
        safe('amqpUrl', f.amqpUrl ?? ''),
      ]);
      if (session.json) {
        session.printJson({
          facts,
          current: file.current,
          contexts: [...file.contexts.keys()],
          file: file.path,
        });
        return Promise.resolve(EXIT.ok);
      }
      session.print([
        ...table(
          [{ title: 'FACT' }, { title: 'VALUE', least: 16 }, { title: 'FROM', least: 12 }],
          facts,
          session.screen.columns,
        ),
        ...(contexts.length === 0
          ? []
          : [
              '',
              ...table(
                [
                  { title: ' ' },
                  { title: 'CONTEXT', least: 8 },
                  { title: 'URL', least: 12 },
                  { title: 'BROKER', least: 12 },
                ],
                contexts,
                session.screen.columns,
              ),
            ]),
      ]);
      return Promise.resolve(EXIT.ok);
    }
    if (!['use', 'set', 'remove'].includes(action))
      throw new UsageError(`context knows use, set and remove, not ${action}`);
    if (name === undefined) throw new UsageError(`NAME is missing; usage: cactl context ${action} NAME`);
    if (action !== 'set' && !file.contexts.has(name))
      throw new UsageError(`there is no context ${name} in ${file.path}`);
    save(
      changed(file, action, name, {
        ...factsOf((flag) => options.get(flag)),
      }),
    );
    session.print([action === 'use' ? `${name} is meant from now on` : `${file.path} written`]);
    return Promise.resolve(EXIT.ok);
  },
};

const FLAGS: readonly (readonly [keyof Facts, string])[] = [
  ['url', 'url'],
  ['amqpUrl', 'amqp-url'],
  ['prefix', 'prefix'],
  ['token', 'token'],
  ['customer', 'customer'],
];

function factsOf(flag: (name: string) => string | undefined): Facts {
  return Object.fromEntries(
    FLAGS.flatMap(([fact, name]) => (flag(name) === undefined ? [] : [[fact, flag(name)]])),
  );
}

function changed(file: ConfigFile, action: string, name: string, facts: Facts): ConfigFile {
  const contexts = new Map(file.contexts);
  const { current, ...rest } = file;
  if (action === 'use') return { ...file, current: name };
  if (action === 'set') {
    contexts.set(name, { ...contexts.get(name), ...facts });
    return { ...file, contexts };
  }
  contexts.delete(name);
  return { ...rest, contexts, ...(current === undefined || current === name ? {} : { current }) };
}

/** Written beside and renamed: a crash leaves the old file or the new one. */
function save({ path, current, contexts }: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const text = documentText({
    ...(current === undefined ? {} : { current }),
    contexts: Object.fromEntries(contexts),
  });
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function safe(fact: string, value: string): string {
  if (fact === 'token') return '***';
  return fact === 'amqpUrl' && URL.canParse(value) ? withoutPassword(value) : value;
}
