/*
 * cactl and amqpsnoop on a real broker with real services: their output when all is well, and when the broker, HTTP,
 * the config service or a node is away or hangs. Also 10,000 instrumentations, and watch in a real terminal (tmux).
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { SILENT } from '../../common/service/log';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { AMQPSNOOP } from '../amqpsnoop/program';
import { brokerProgram } from '../stack/broker';
import { freePorts } from '../stack/ports';
import { buildFolder } from '../stack/stack';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { CACTL } from './commands';
import { run, type Printed } from './testing/console';
import { startNode, type KnownNode } from './testing/node';
import { startTerminal, terminalsWork, type Terminal } from './testing/terminal';

jest.setTimeout(60_000); // a busy machine: rabbitmqctl alone may take seconds
const call = promisify(execFile);
const EVENTS = [
  { metric: 'disk.physio_ops', count: 10, fields: { optype: 'write', latency: 1_200_000 } },
  { metric: 'disk.physio_ops', count: 2, fields: { optype: 'read', latency: 45_000_000 } },
];

let stack: TestStack;
let nodes: KnownNode[] = [];
const cactl = (...argv: string[]): Promise<Printed> => run(CACTL, argv, { env: { CA_HOME: stack.home } });
const snoop = (...argv: string[]): Promise<Printed> => run(AMQPSNOOP, argv, { env: { CA_HOME: stack.home } });

beforeAll(async () => {
  stack = await startTestStack({ hosts: [], aggregators: 1, ownBroker: true });
  nodes = await Promise.all(
    ['n1', 'n2'].map((host) => startNode({ url: stack.amqpUrl, prefix: '', host, events: EVENTS })),
  );
  await until('both nodes being known', 30_000, async () =>
    (await stack.status()).instrumenters.length === 2 ? true : undefined,
  );
  await cactl('create', 'disk.physio_ops', '--by', 'hostname,latency');
  await until('values', 30_000, async () => {
    const { value } = await stack.get<{ value: object }>('/ca/instrumentations/1/value/raw?duration=2');
    return Object.keys(value).length === 2 ? true : undefined;
  });
}, 180_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await stack.stop();
}, 60_000);

describe('when all is well', () => {
  test('ping, status and list say so, as text and as JSON', async () => {
    expect((await cactl('ping')).out).toMatch(/^config answered in [\d.]+ ms\n$/);
    expect((await cactl('ping', 'n2')).out).toMatch(/^instrumenter.n2 answered in/);
    expect((await cactl('log', 'config', 'disk replaced')).out).toBe('config wrote it down\n');
    expect(readFileSync(stack.config.logFile, 'utf8')).toContain('"text":"disk replaced"');
    expect((await cactl('status', 'instrumenter.n1')).out).toMatch(/service {2}instrumenter\n[^]*bpf/);
    expect((await cactl('list')).transcript.replace(/ +(AGE|[\d.]+s)$/gm, '')).toBe(
      `$ cactl list
ID  METRIC           BY                WHERE  NODES
 1  disk.physio_ops  hostname,latency             2
`,
    );
    for (const argv of [
      ['ping'],
      ['status'],
      ['list'],
      ['show', '1'],
      ['value', '1'],
      ['metrics'],
      ['summary'],
      ['explain', '1'],
      ['context'],
      ['watch', '1'],
    ]) {
      const { out, status } = await cactl(...argv, '-o', 'json');
      expect(() => JSON.parse(out) as unknown).not.toThrow();
      expect(status).toBe(0);
    }
  });

  test('value prints exact counts and how complete they are', async () => {
    const { out } = await cactl('value', '1');
    expect(out).toMatch(
      /n1\n[^]*1ms \|@+ +10\n[^]*\n\n1 s from [\d:]+ UTC; 2 of 2 nodes reported; nothing lost\n$/,
    );
  });

  test('top ranks keys by count or by time, as text, JSON and CSV', async () => {
    const { out, status } = await cactl('top', '1', '-d', '5', '--percentiles', '50,99');
    expect(status).toBe(0);
    expect(out).toMatch(/^HOSTNAME +OPERATIONS +TIME SPENT +MEAN +MIN +P50 +P99 +MAX\n/);
    expect(out).toMatch(/\nall keys +\d+ /);
    expect(out).toMatch(/5 s from [\d:]+ UTC.*; 2 of 2 nodes reported; nothing lost\n$/);
    const json = JSON.parse((await cactl('top', '1', '--sort', 'time', '-o', 'json')).out) as {
      sort: string;
    };
    expect(json.sort).toBe('sum');
    expect((await cactl('top', '1', '-o', 'csv')).out).toMatch(
      /^time,seconds,key,count,sum_ns,mean_ns,min_ns,p50_ns/,
    );
    expect((await cactl('top', '1', '--sort', 'speed')).err).toMatch(
      /sort: must be one of count, sum, mean|sort must be one of/,
    );
  });

  test('special ranks what a box has more of, with shares and significance', async () => {
    const asked = ['special', '1', '--since', '20s', '--min', '1ms'];
    const { out, status, err } = await until('values of both nodes', 20_000, async () => {
      const printed = await cactl(...asked);
      return printed.out.includes('corrected for 2 keys') ? printed : undefined;
    });
    expect([err, status]).toEqual(['', 0]);
    expect(out).toMatch(
      /^in the box: [\d.k]+ of [\d.k]+ \([\d.]+%\)\n\nHOSTNAME +IN THE BOX +SHARE +SHARE OUTSIDE/,
    );
    const json = JSON.parse((await cactl('special', '1', '--min', '1ms', '-o', 'json')).out) as {
      test: object;
    };
    expect(json.test).toMatchObject({ statistic: 'G', keys: 2 });
    expect((await cactl('special', '1', '--box-start', '09:99')).err).toMatch(/--box-start must be like/);
    expect((await cactl('special', '1', '--min', '5KiB')).err).toMatch(/is a size, but a time/);
  });

  test('percentiles of each second are lines of CSV, one for each second and key', async () => {
    const csv = (): Promise<Printed> =>
      cactl('value', '1', '-d', '4', '--percentiles', '50,95,99', '--by-second', '-o', 'csv');
    await until('two seconds of values', 20_000, async () =>
      (await csv()).out.split('\r\n').length > 4 ? true : undefined,
    );
    const { out } = await csv();
    const lines = out.trim().split('\r\n');
    expect(lines[0]).toBe(
      'time,seconds,key,count,sum_ns,mean_ns,min_ns,p50_ns,p95_ns,p99_ns,max_ns,nodes_expected,nodes_reporting,events_lost',
    );
    expect(new Set(lines.slice(1).map((line) => line.split(',')[0])).size).toBeGreaterThanOrEqual(2);
    const text = (await cactl('value', '1', '-d', '4', '--by-second')).out;
    expect(text).toMatch(/^TIME +HOSTNAME +OPERATIONS[^]*\n[\d:]+ UTC +n1 /);
  });

  test('clone, explain, heatmap and delete do what they say', async () => {
    expect((await cactl('clone', '1', '--where', 'optype == read')).out).toMatch(/^created 2 from 1/);
    expect((await cactl('show', '2')).out).toMatch(/where +optype == "read"/);
    expect((await cactl('explain', '1')).out).toMatch(
      /NODE +SOURCE +STATE[^]*n1 +bpf +enabled[^]*aggregator.localhost-0 keeps/,
    );
    const folder = mkdtempSync(join(tmpdir(), 'cactl-'));
    const file = join(folder, 'x.png');
    expect((await cactl('heatmap', '1', '-o', file, '--size', '200x100')).status).toBe(0);
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
    rmSync(folder, { recursive: true });
    expect((await cactl('delete', '2')).out).toBe('deleted 2\n');
    expect(await cactl('show', '2')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^cactl: there is no/) as unknown,
    });
  });

  test('metrics are found by the words that people have for them, those that are missing with the reason', async () => {
    const found = await cactl('metrics', 'filesystem', 'latency');
    expect(found).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^METRIC +QUESTION\nfs.logical_ops/) as unknown,
    });
    expect(await cactl('metrics', 'futex')).toMatchObject({
      status: 1,
      out: 'not here: syscall.syscalls, system calls\n  2 nodes: bpf: the kernel has no tracepoint sys_enter\n',
    });
    expect((await cactl('metrics', 'bananas')).out).toMatch(/^Nothing here is called bananas/);
  });

  test('what a metric lacks is said by field, node and reason', async () => {
    expect((await cactl('metrics', 'disk.physio_ops')).out).toMatch(/latency +numeric +time/);
    const missing = await cactl('metrics', 'syscall.syscalls');
    expect(missing.out).toMatch(
      /^No node offers syscall.syscalls:\n +2 nodes: bpf: the kernel has no tracepoint sys_enter/,
    );
    expect(missing.status).toBe(1);
    expect((await cactl('metrics', '--missing')).out).toMatch(/^syscall.syscalls\n +2 nodes: bpf/);
    expect((await cactl('metrics', 'no.such')).err).toMatch(/no machine here offers the metric no.such/);
    const near = await cactl('create', 'disk.phisio_ops');
    expect(near).toMatchObject({
      status: 1,
      err: expect.stringMatching(/; did you mean disk\.physio_ops\?\n$/) as unknown,
    });
  });

  test('completion asks the running system for ids, metrics, fields and services', async () => {
    const words = async (...typed: string[]): Promise<string[]> =>
      (await cactl('__complete', '--', ...typed)).out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t')[0] ?? '');
    expect(await words('show', '')).toEqual(['1']);
    expect(await words('create', 'di')).toEqual(['disk.physio_ops']);
    expect(await words('create', 'disk.physio_ops', '--by', 'hostname,')).toEqual([
      'hostname,optype',
      'hostname,latency',
    ]);
    expect(await words('ping', 'inst')).toEqual(['instrumenter.n1', 'instrumenter.n2']);
    expect(await words('su')).toEqual(['summary']);
    expect(await words('summary', '--verb')).toEqual(['--verbose']);
  });

  test('apply shows the difference, does it when told, and finds nothing to change afterwards', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cactl-'));
    const file = join(folder, 'i.yaml');
    const write = (text: string): Promise<unknown> =>
      call('sh', ['-c', 'cat > "$0" <<X\n' + text + '\nX', file]);
    await write(
      'instrumentations:\n  - {metric: disk.physio_ops, by: [hostname, latency], retention: 20m}\n  - {metric: fs.logical_ops, where: latency > 5ms}',
    );
    expect((await cactl('apply', '-f', file, '--dry-run')).out).toBe(
      `~    1 disk.physio_ops by hostname,latency: retention-time 600 -> 1200
+      fs.logical_ops where latency > 5ms
1 to create, 1 to change, 0 to delete, 0 kept
`,
    );
    expect((await cactl('apply', '-f', file)).err).toMatch(/nobody is there to ask/);
    expect((await cactl('apply', '-f', file, '--yes')).status).toBe(0);
    expect((await cactl('apply', '-f', file, '--yes')).out).toMatch(/nothing to change\n$/);
    await write('instrumentations:\n  - {metric: disk.physio_ops, by: [hostname, latency]}');
    expect((await cactl('apply', '-f', file, '--yes')).out).toMatch(
      /^ +1 disk.*\n- +\d+ fs.logical_ops where latency > 5ms\n/,
    );
    await write('instrumentations:\n  - {metric: disk.physio_ops, colour: red}');
    expect((await cactl('apply', '-f', file)).err).toMatch(
      /entry 1: has colour, which is none of metric, by/,
    );
    await write('instrumentations:\n  - {metric: disk.physio_ops, by: [hostnam]}');
    expect((await cactl('apply', '-f', file)).err).toMatch(
      /entry 1: .* no field hostnam; did you mean hostname\?/,
    );
    await write('instrumentations:\n  - {metric: disk.physio_ops, where: latancy > 5ms}');
    expect((await cactl('apply', '-f', file)).err).toMatch(
      /entry 1: column 1: there is no field latancy; did you mean latency\?/,
    );
    rmSync(folder, { recursive: true });
  });
});

describe('amqpsnoop', () => {
  test('by bindings it sees values and commands, says so, and learns new keys', async () => {
    const seen = snoop('--by', 'bindings', '--type', 'gathers,data', '-n', '8', '--for', '20');
    await stack.create({ module: 'disk', stat: 'physio_ops' });
    const { out, err } = await seen;
    expect(err).toMatch(/^watching \d+ known keys of amqp:\/\/ca:\*\*\*@127/);
    expect(out).toMatch(/data n1 > ca.instrumentation.global;1 \d+B second \d+: global;1=12/);
    expect(out).toMatch(/data n2 > /);
  });

  test('the firehose, where it is on, brings everything; where it is off that is said', async () => {
    expect(await snoop('--by', 'firehose', '-n', '1')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/trace_on/) as unknown,
    });
    const { env } = stack.broker!;
    const control = (word: string): Promise<unknown> => call(brokerProgram('rabbitmqctl'), [word], { env });
    await control('trace_on');
    try {
      const { out, err } = await snoop('-n', '6', '--type', 'data,alive', '-o', 'json', '--for', '20');
      expect(err).toMatch(/^watching all of amqp:.* through the firehose\n$/);
      const types = out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type);
      expect(new Set(types)).toEqual(new Set(['data', 'alive']));
    } finally {
      await control('trace_off');
    }
  }, 180_000);

  test('--top shows rates per key each second', async () => {
    const { out } = await snoop('--by', 'bindings', '--top', '-n', '3');
    expect(out).toMatch(/MSG\/S +BYTES\/S +SIZE +TOTAL +KEY\n[^]*ca\.instrumentation\.global;1/);
  });

  test('a reader of our output that is slow loses copies, which are counted, and nobody waits', async () => {
    let pieces = 0;
    const printed = await run(AMQPSNOOP, ['--by', 'bindings', '--for', '4'], {
      env: { CA_HOME: stack.home },
      behind: () => pieces > 0,
      onOut: () => pieces++,
    });
    expect(pieces).toBe(1);
    expect(printed.err).toMatch(/\d+ messages dropped here: the reader of our output is too slow/);
    expect((await cactl('summary')).status).toBe(0);
  });
});

describe('when something is wrong', () => {
  test('nothing listens at the broker’s address: status 1, with what to do', async () => {
    const [port = 0] = await freePorts(1);
    const { status, err } = await cactl('ping', '--amqp-url', `amqp://127.0.0.1:${port}/`);
    expect(err).toMatch(
      /^cactl: the broker at amqp:\S+ cannot be used: nothing listens there; fix: start it/,
    );
    expect(status).toBe(1);
    const summary = await cactl('summary', '--amqp-url', `amqp://127.0.0.1:${port}/`);
    expect(summary.out).toMatch(/^1 thing is wrong/);
    expect(summary.status).toBe(1);
  });

  test('a wrong password is said to be one', async () => {
    const url = stack.amqpUrl.replace(/:[^:@/]+@/, ':wrong@');
    const { err, status } = await cactl('ping', '--amqp-url', url);
    expect(err).toMatch(/refused the user name or password/);
    expect(err).not.toContain('wrong@');
    expect(status).toBe(1);
  });

  test('a broker that accepts and says nothing: status 3 in the time given', async () => {
    const silent = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const from = performance.now();
    const { status, err } = await cactl(
      'ping',
      '--amqp-url',
      `amqp://127.0.0.1:${port}/`,
      '--timeout',
      '0.5',
    );
    expect(err).toMatch(/did not answer within 500 ms/);
    expect(status).toBe(3);
    expect(performance.now() - from).toBeLessThan(3000);
    silent.close();
  });

  test('a front door that hangs: list gives up with status 3, summary still tells of the services', async () => {
    const hung: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(hung.address() as AddressInfo).port}/`;
    const list = await cactl('list', '--url', url, '-t', '0.5');
    expect(list.err).toMatch(/did not answer within 500 ms/);
    expect(list.status).toBe(3);
    const summary = await cactl('summary', '--url', url, '-t', '2');
    expect(summary.out).toMatch(/! the front door does not work[^]*> cactl ping config[^]*instrumenter\.n2/);
    expect(summary.status).toBe(1);
    hung.closeAllConnections();
    hung.close();
  });

  test('nobody of that name: status 1 at once', async () => {
    const from = performance.now();
    const { err, status } = await cactl('ping', 'n9');
    expect(err).toBe('cactl: nobody listens at ca.instrumenter.n9\n');
    expect(status).toBe(1);
    expect(performance.now() - from).toBeLessThan(2500);
  });

  test('a customer that is not there, and an instrumentation that is not: one line each', async () => {
    expect((await cactl('show', '99')).err).toMatch(/^cactl: .*\n$/);
    expect((await cactl('value', 'cust:nobody;1')).status).toBe(1);
  });

  test('10,000 instrumentations: list, summary and completion stay within their time', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      id: String(i + 1),
      uri: `/ca/instrumentations/${i + 1}`,
      module: 'disk',
      stat: 'physio_ops',
      predicate: { gt: ['latency', 1000 * i] },
      decomposition: ['latency'],
      granularity: 1,
      crtime: Date.now(),
      nsources: 2,
    }));
    const metadata = { modules: {}, fields: { latency: { label: 'latency', type: 'time' } }, metrics: [] };
    const busy = createServer((request, response) => {
      response.end(JSON.stringify(request.url?.includes('/instrumentations') === true ? many : metadata));
    });
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}/`;
    const list = await cactl('list', '--url', url);
    expect(list.status).toBe(0);
    expect(list.out.trim().split('\n')).toHaveLength(10_001);
    expect(
      (await cactl('__complete', '--url', url, '--', 'show', '999')).out.trim().split('\n'),
    ).toHaveLength(11);
    busy.closeAllConnections();
    busy.close();
  });

  test('a node that hangs is named by summary, with status 1; ping of it ends with 3', async () => {
    const third = await startNode({ url: stack.amqpUrl, prefix: '', host: 'n3', events: [] });
    await until('the third node being known', 20_000, async () =>
      (await stack.status()).instrumenters.length === 3 ? true : undefined,
    );
    third.hang();
    try {
      // Long enough to reach the broker on a starved machine: the node never answers anyway.
      expect(await cactl('ping', 'n3', '-t', '5')).toMatchObject({
        status: 3,
        err: 'cactl: ca.instrumenter.n3 did not answer ping within 5000 ms\n',
      });
      const { out, status } = await cactl('summary', '-t', '5');
      expect(out).toMatch(
        /! instrumenter\.n3 did not answer within 5\.0s\n {2}> cactl ping instrumenter\.n3/,
      );
      expect(status).toBe(1);
    } finally {
      await third.stop(); // the tests after this one count nodes
    }
  });
});

const PROGRAM = join(buildFolder(), 'tools', 'cactl', 'main.js');
const CANNOT = !terminalsWork()
  ? 'tmux is not installed'
  : !existsSync(PROGRAM)
    ? `${PROGRAM} is not built`
    : '';

(CANNOT === '' ? describe : describe.skip)(
  `watch in a real terminal${CANNOT === '' ? '' : ` (skipped: ${CANNOT})`}`,
  () => {
    let terminal: Terminal | undefined;

    afterAll(async () => {
      await terminal?.stop();
    });

    test('it draws, obeys keys, follows the size of the window, and leaves the screen as it was', async () => {
      terminal = await startTerminal(80, 24, 'sh');
      const { type, shows } = terminal;
      await type(
        `env CA_HOME='${stack.home}' COLORTERM=truecolor '${process.execPath}' '${PROGRAM}' watch 1; echo status $?`,
        'Enter',
      );
      // The larger total comes first, and either node may have begun a second before the other.
      const first = await shows(/1■ n([12]) 50%.*2■ n(?!\1)[12] 50%/);
      expect(first.split('\n')[0]).toBe('1: disk.physio_ops by hostname, latency');
      expect(first).toMatch(/[▀▄]/);
      await shows(/24 in the last 1 s, 2 of 2 nodes; q ends/);
      await type('2');
      await shows(/2◆ n[12]/);
      await type('0');
      await shows(/2■ n[12]/);
      await terminal.resize(40, 16);
      const narrow = await shows(/24 in the last 1 s, 2 of 2 nodes/);
      expect(narrow.split('\n').every((line) => line.length <= 40)).toBe(true);
      await type('q');
      await shows(/status 0/);
    }, 120_000);
  },
);

test('an answer to nobody in particular does not disturb a gathering of answers', async () => {
  const peer = new Peer({
    url: stack.amqpUrl,
    routes: routes(''),
    host: 'desk',
    key: `ca.tool.desk.gather`,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    firstAttempts: 0,
  });
  await peer.connect();
  const hosts: string[] = [];
  await peer.gather('ca.broadcast', 'status', {}, 3000, (_body, { host }) => hosts.push(host) === 3);
  expect(new Set(hosts)).toEqual(new Set(['localhost', 'n1', 'n2']));
  await peer.close();
});
