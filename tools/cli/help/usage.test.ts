/* Command lines that are wrong, for every command of both programs; and the help, which comes from the same table. */
import { AMQPSNOOP } from '../../amqpsnoop/program';
import { CACTL } from '../../cactl/commands';
import { run } from '../../cactl/testing/console';

const cactl = (...argv: string[]): ReturnType<typeof run> => run(CACTL, argv);

test.each<[string[], RegExp]>([
  [[], /a command is missing; see cactl --help/],
  [['sumary'], /no command "sumary"; did you mean summary\?/],
  [['frobnicate'], /no command "frobnicate"; see cactl --help/],
  [['summary', 'all'], /"all" is one argument too many; usage: cactl summary/],
  [['summary', '--verbos'], /no option --verbos; did you mean --verbose\?/],
  [['summary', '-o'], /-o needs a value: -o FORM/],
  [['summary', '-o', 'xml'], /-o must be text or json, not xml/],
  [['summary', '--timeout', 'soon'], /soon is not a number; write it like/],
  [
    ['top', '7', '--sort', 'tmie'],
    /--sort must be one of count, time, .*or a percentile such as p99, not tmie/,
  ],
  [['change', '7', '--idle', 'nevr'], /--idle must be like 10m or 1h, or never, not nevr/],
  [['summary', '--timeout', '0'], /--timeout must be more than 0/],
  [['summary', '--timeout', '2h'], /--timeout must be at most 60s/],
  [['summary', '--url', 'ftp://x'], /the URL from flag must be like http/],
  [['summary', '--amqp-url', 'http://x'], /the broker's URL from flag must be like amqp:/],
  [['summary', '--context', 'nowhere'], /there is no context nowhere/],
  [['log', 'config', ''], /TEXT must have 1 to 1000 characters, not 0/],
  [['ping', 'config', '-n', 'many'], /--count must be a number from 1 to 1000, not many/],
  [['dump'], /SERVICE is missing; usage: cactl dump SERVICE/],
  [['abort'], /SERVICE is missing; usage: cactl abort SERVICE \[options\]/],
  [['abort', 'config', '--reason', ''], /--reason must have 1 to 1000 characters, not 0/],
  [['status', 'a', 'b'], /"b" is one argument too many/],
  [['show'], /ID is missing; usage: cactl show ID/],
  [['show', 'x/../y'], /"x\/..\/y" is no id of an instrumentation/],
  [['create'], /METRIC is missing; usage: cactl create METRIC \[options\]/],
  [['create', 'a.b', '--persist=yes'], /--persist takes no value/],
  [['create', 'cpu.nothing', '--dry-run'], /the catalogue has no metric cpu.nothing/],
  [['create', 'syscall.syscals', '--dry-run'], /did you mean syscall.syscalls\?/],
  [['value', '1', '--rows', '0'], /--rows must be a number from 1 to 1000/],
  [['value', '1', '-d', '1.5'], /--duration must be whole seconds, not 1.5/],
  [['value', '1', '--at', 'noon'], /--at must be like 10m \(ago\), 03:00/],
  [['value', '1', '-o', 'xml'], /-o must be text, json or csv, not xml/],
  [['top'], /ID is missing; usage: cactl top ID/],
  [['boards', 'rename'], /boards knows list, export, delete, not rename/],
  [['special'], /ID is missing; usage: cactl special ID/],
  [
    ['top', '1', '--at', '10m', '--since', '5m'],
    /--at, --since and --start all say when it begins: give one/,
  ],
  [['watch', '1', '--height', '2'], /--height must be a number from 8, not 2/],
  [['heatmap'], /ID is missing/],
  [['clone'], /ID is missing/],
  [['change', '1'], /nothing is to be changed: say --retention/],
  [['change', '1', '--pause', '--resume'], /--resume and --pause exclude each other/],
  [['delete'], /ID is missing; usage: cactl delete ID …/],
  [['list', 'x'], /"x" is one argument too many; usage: cactl list/],
  [['show', 'a', 'b'], /"b" is one argument too many/],
  [['explain', 'seven'], /"seven" is neither an id \(7\) nor a metric/],
  [['apply'], /a file is missing: cactl apply -f FILE/],
  [['apply', '-f', '/nonexistent'], /\/nonexistent cannot be read/],
  [['enroll', '--uses', '0'], /--uses must be a whole number from 1/],
  [['enroll', '--revoke', '../x'], /..\/x is no id of a token/],
  [['aggregator', 'frob'], /aggregator knows list, drain, undrain, not frob/],
  [['aggregator', 'drain'], /NAME is missing; usage: cactl aggregator drain NAME …/],
  [['aggregator', '--no-wait'], /--no-wait is for drain/],
  [['change', '1', '--replicas', '3'], /--replicas must be 1 to 2, not 3/],
  [['node', 'frob'], /node knows list, expect, drain, resume, revoke, forget, not frob/],
  [['node', 'drain'], /HOST is missing; usage: cactl node drain HOST …/],
  [['node', 'expect'], /name nodes, or say --online/],
  [['context', 'frob'], /context knows use, set and remove, not frob/],
  [['context', 'use'], /NAME is missing; usage: cactl context use NAME/],
  [['broker-user', 'admin'], /there are users for node, aggregator, config, operator, not for admin/],
  [['broker-user', 'node'], /node needs the name of its host/],
  [['broker-user', 'node', "n'1"], /node needs the name of its host/],
  [['broker-user', 'config', 'h'], /config is one user for all hosts: leave h out/],
  [['broker-user', 'config', '--broker', "amqp://h/' ; reboot"], /--broker must be an address/],
  [['completion', 'ksh'], /there is completion for bash, zsh, fish, not for ksh/],
  [['man', 'nothing'], /there is no man page of nothing/],
])('cactl %j is refused in one line, with status 2', async (argv, message) => {
  const { status, out, err } = await cactl(...argv);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(out).toBe('');
  expect(status).toBe(2);
});

test('every command is among those refused above', () => {
  const tested = [
    'summary',
    'ping',
    'status',
    'show',
    'create',
    'value',
    'top',
    'special',
    'watch',
    'heatmap',
    'clone',
    'change',
    'delete',
  ];
  tested.push('list', 'metrics', 'explain', 'apply', 'context', 'completion', 'man');
  tested.push('dump', 'abort', 'log', 'boards', 'node', 'enroll', 'broker-user', 'aggregator');
  for (const { name, hidden } of CACTL.commands) if (hidden !== true) expect(tested).toContain(name);
});

test.each<[string[], RegExp]>([
  [['here'], /"here" is one argument too many; usage: amqpsnoop \[options\]/],
  [['--output', 'yaml'], /--output must be one of short, json, hex, not yaml/],
  [['--by', 'magic'], /--by must be one of auto, firehose, bindings/],
  [['-n', '0'], /--count must be a number from 1, not 0/],
  [['--tops'], /no option --tops; did you mean --top\?/],
  [['--type', 'datta'], /--type: there is no datta; did you mean data\?/],
])('amqpsnoop %j is refused in one line, with status 2', async (argv, message) => {
  const { status, err } = await run(AMQPSNOOP, [...argv, '--amqp-url', 'amqp://127.0.0.1:1/']);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(status).toBe(2);
});

test('a predicate that cannot be read is shown with a mark below the place', async () => {
  const { transcript } = await cactl(
    'create',
    'syscall.syscalls',
    '--dry-run',
    '-w',
    'execname == "a" && latency > 5KiB',
  );
  expect(transcript).toBe(`$ cactl create syscall.syscalls --dry-run -w 'execname == "a" && latency > 5KiB'
cactl: column 30: latency 5KiB is a size, but a time such as 10ms is meant
  execname == "a" && latency > 5KiB
                               ^
[2]
`);
});

test('a field that does not exist is pointed at, with the one that was probably meant', async () => {
  const { transcript } = await run(AMQPSNOOP, [
    '-w',
    'type == data && bytess > 1',
    '--amqp-url',
    'amqp://h/',
  ]);
  expect(transcript).toBe(`$ amqpsnoop -w 'type == data && bytess > 1' --amqp-url amqp://h/
amqpsnoop: column 17: there is no field bytess; did you mean bytes?
  type == data && bytess > 1
                  ^
[2]
`);
});

test('each command explains itself, with its arguments, options and examples', async () => {
  for (const command of CACTL.commands) {
    const { status, out } = await cactl(command.name, '--help');
    expect(status).toBe(0);
    expect(out.startsWith(`usage: cactl ${command.name}`)).toBe(true);
    for (const { name, about } of command.options) {
      expect(out).toContain(`--${name}`);
      expect(out.replace(/\s+/g, ' ')).toContain(about);
    }
    for (const { line } of command.examples) expect(out).toContain(line);
    for (const line of out.split('\n'))
      if (!line.startsWith('  cactl')) expect(line.length).toBeLessThanOrEqual(80);
  }
});

test('options may stand before the command, be joined to their value, and end with --', async () => {
  const joined = await cactl(
    '-ojson',
    '--amqp-url=amqp://127.0.0.1:1/',
    'summary',
    '--url',
    'http://127.0.0.1:1/',
  );
  expect(JSON.parse(joined.out)).toMatchObject({ healthy: false });
  expect((await cactl('show', '--', '-x')).err).toMatch(/"-x" is no id/);
});

test('the version is that of the package', async () => {
  expect((await cactl('--version')).transcript).toBe('$ cactl --version\ncactl 1.2.3\n');
});
