/* amqpsnoop's options, help and man page. The work is in snoop.ts. */
import type { Command, Program } from '../cli/command';
import { COMMON } from '../cli/common-options';

const WATCH: Command = {
  name: 'watch',
  about: 'messages as they pass',
  details: [
    'Shows the messages that services send each other, as they pass: commands, answers, and the values of the nodes, ' +
      'decoded. All wishes of the command line must hold for a message to be shown.',
    'RabbitMQ’s direct exchanges know no wildcards. Where an administrator has switched on its firehose (rabbitmqctl ' +
      'trace_on, at a price for the broker), amqpsnoop sees every message; elsewhere it binds a queue of its own to every ' +
      'key that the config service knows, and to those it learns on the way. It says which. The queue is bounded, so ' +
      'that a slow amqpsnoop loses copies and slows nobody; copies that it drops itself are counted.',
    'PREDICATE is the language of "cactl create --where", over the fields key, type, from, host, bytes; for values also ' +
      'fqid, second, lost, amount; for other messages anything in them by its path, such as body.state.',
  ],
  arguments: [],
  options: [
    {
      name: 'key',
      short: 'r',
      value: 'PATTERNS',
      about: 'routing keys, with commas; * is one word between dots, # any number',
    },
    {
      name: 'type',
      value: 'TYPES',
      about: 'types of messages, with commas: data, ping, status, alive, …',
    },
    { name: 'node', value: 'HOSTS', about: 'from these hosts, with commas' },
    {
      name: 'instrumentation',
      short: 'i',
      value: 'IDS',
      about: 'about these instrumentations, with commas',
      complete: 'instrumentation',
    },
    { name: 'where', short: 'w', value: 'PREDICATE', about: 'only these: type == "data" && bytes > 64KiB' },
    { name: 'top', about: 'rates and sizes per key, refreshed each second, instead of messages' },
    { name: 'count', short: 'n', value: 'N', about: 'end after N messages (with --top: screens)' },
    { name: 'for', value: 'TIME', about: 'end after this time' },
    {
      name: 'by',
      value: 'WAY',
      about: 'auto (default), firehose or bindings',
      complete: ['auto', 'firehose', 'bindings'],
    },
    { name: 'all', about: 'other deployments on the same broker too (firehose)' },
    {
      name: 'output',
      short: 'o',
      value: 'FORM',
      about: 'short (default), json (one object a line) or hex',
      complete: ['short', 'json', 'hex'],
    },
  ],
  examples: [
    {
      line: 'amqpsnoop --type gathers,alive',
      about: 'How it stands with instrumentations, as nodes report it.',
    },
    { line: `amqpsnoop -w 'type == data && lost > 0'`, about: 'Values that say that events were lost.' },
    { line: 'amqpsnoop --top', about: 'Who sends how much.' },
  ],
  // The broker's client and every message's schema take 0.2 s to load; help and completion must not wait for them.
  run: async (call) => (await import('./snoop.js')).snoop(call),
};

export const AMQPSNOOP: Program = {
  name: 'amqpsnoop',
  about: 'shows the messages of a Cloud Analytics deployment as they pass',
  details: WATCH.details,
  options: COMMON.filter(({ name }) => !['output', 'url', 'customer', 'token'].includes(name)),
  commands: [WATCH],
};
