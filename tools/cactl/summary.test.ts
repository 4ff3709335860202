/* The summary: its text for each problem, and the screen at 40, 80 and 200 columns. */
import { datasetLines } from './commands/explain';
import { summaryLines } from './commands/summary';
import { diagnose } from './diagnose';
import { overview, type InstrumentationRow } from './overview';
import type { AggregatorStatus, ConfigStatus } from '../../common/api/status';
import { dummyStatus } from '../fleet/dummy-status';
import {
  aggregatorStatus,
  configStatus,
  datasetStatus,
  DISK_PHYSIO,
  hindsightStatus,
} from './testing/statuses';
import type { Answered, Survey } from '../cli/system/survey';
import { widthOf } from '../cli/screen/visible';

const NOW = 1_800_000_000_000;

function answered(service: string, status: Answered['status'], more: Partial<Answered> = {}): Answered {
  const host = service.split('.')[1] ?? 'n1';
  const up = status.service === 'odd' ? status : { ...status, started: NOW - 3_600_000 };
  return { key: `ca.${service}`, service, host, ms: 3, clockMs: 0, status: up, ...more };
}

const config = (more: Partial<ConfigStatus> = {}): Answered =>
  answered('config', configStatus({ instrumentations: [DISK_PHYSIO], ...more }));
const CONFIG = config();
const aggregator = (more: Partial<AggregatorStatus> = {}): Answered =>
  answered('aggregator.n1-0', aggregatorStatus(more));
const AGGREGATOR = aggregator();
const NODE = (host: string, more: Omit<Parameters<typeof dummyStatus>[0], 'host'> = {}): Answered =>
  answered(
    `instrumenter.${host}`,
    dummyStatus({
      host,
      memory: 50 * 1024 * 1024,
      sources: [{ name: 'bpf', metrics: 12 }],
      instrumentations: [{ fqid: 'global;7', metric: 'disk.physio_ops', reports: 100 }],
      ...more,
    }),
  );

function surveyed(more: Partial<Survey> = {}): Survey {
  return {
    url: 'http://127.0.0.1:23181/',
    brokerUrl: 'amqp://ca:***@127.0.0.1:5672/',
    broker: { ms: 12 },
    front: {
      ms: 5,
      description: {
        modules: {},
        fields: { latency: { label: 'latency', type: 'time' } },
        metrics: [],
        unavailable: [],
      },
    },
    answered: [CONFIG, AGGREGATOR, NODE('n1'), NODE('n2')],
    silent: [],
    timeoutMs: 3000,
    now: NOW,
    ...more,
  };
}

const problems = (s: Survey, lost = new Map<string, number>()): string[] =>
  diagnose(s, overview(s), lost).map(({ what, fix }) => `${what} > ${fix}`);

function screen(s: Survey, columns = 80, most = 10): string {
  const rows = overview(s);
  return summaryLines(s, rows, diagnose(s, rows, new Map()), { columns, most }).join('\n');
}

test('a healthy deployment is one line of news and two tables', () => {
  expect(screen(surveyed())).toBe(`all is well at http://127.0.0.1:23181/ (1 aggregator, 2 instrumenters, 1
instrumentation)

SERVICE          UP   PING  LOAD
broker               12 ms  amqp://ca:***@127.0.0.1:5672/
front door            5 ms  http://127.0.0.1:23181/
config           1h   3 ms  1 aggregator, 2 nodes, 80 MiB
aggregator.n1-0  1h   3 ms  1 running, 90 MiB
instrumenter.n1  1h   3 ms  1 running, 50 MiB, bpf
instrumenter.n2  1h   3 ms  1 running, 50 MiB, bpf

ID  METRIC           BY            WHERE               NODES  REPORT  LOST  COST
 7  disk.physio_ops  disk,latency  latency > 10ms &&…      2     2/2     0     -`);
});

test('a disk that works is nothing to tell of', () => {
  const keeping = aggregator({ hindsight: hindsightStatus() });
  expect(problems(surveyed({ answered: [CONFIG, keeping, NODE('n1'), NODE('n2')] }))).toEqual([]);
});

test('what a question costs is the sum of what its nodes measured', () => {
  const row = { fqid: 'global;7', metric: 'disk.physio_ops', reports: 100 };
  const costing = (host: string, percentOfCore: number): Answered =>
    NODE(host, { instrumentations: [{ ...row, percentOfCore }] });
  const s = surveyed({ answered: [CONFIG, AGGREGATOR, costing('n1', 0.5), costing('n2', 1.2)] });
  expect(screen(s)).toContain('1.7%');
});

test('what is wrong comes first, each with the next thing to do', () => {
  const s = surveyed({ silent: ['instrumenter.n3'], answered: [CONFIG, AGGREGATOR, NODE('n1')] });
  expect(screen(s).split('\n').slice(0, 7).join('\n'))
    .toBe(`1 thing is wrong at http://127.0.0.1:23181/ (1 aggregator, 1 instrumenter, 1
instrumentation)

! instrumenter.n3 did not answer within 3.0s
  > cactl ping instrumenter.n3; if it stays silent, look at its log and its
    process on that host
`);
});

test.each<[string, Partial<Survey>, RegExp]>([
  [
    'the broker is down',
    { broker: { failure: 'the broker cannot be used', timedOut: false }, answered: [] },
    /the broker cannot be used > without the broker no values move/,
  ],
  [
    'HTTP is down',
    { front: { failure: 'nothing listens there' } },
    /the front door does not work: nothing listens there > cactl ping config/,
  ],
  [
    'the config service is silent',
    { silent: ['config'] },
    /config did not answer within 3.0s > start it; meanwhile values go on/,
  ],
  [
    'a clock was set',
    {
      answered: [
        CONFIG,
        AGGREGATOR,
        {
          ...NODE('n1'),
          status: { ...dummyStatus({ host: 'n1' }), clockSet: { at: NOW - 60_000, byMs: -5000 } },
        },
      ],
    },
    /the clock of instrumenter.n1 was set by 5.0 ?s back, 1 ?m ago > let chrony/,
  ],
  [
    'two machines claim one name',
    {
      answered: [config({ rivals: [{ key: 'ca.instrumenter.n1', host: 'n1', machine: 'twin', times: 3 }] })],
    },
    /a second ca.instrumenter.n1 was started on twin, and ended: another has the name > end it there/,
  ],
  ['no aggregator is there', { answered: [config({ aggregators: [] })] }, /no aggregator is online/],
  ['no instrumenter is there', { answered: [config({ instrumenters: [] })] }, /no instrumenter is online/],
  [
    'nodes disagree',
    { answered: [config({ conflicts: [{ node: 'n2', nodes: 3, problems: ['size is text'] }] })] },
    /nodes disagree about metrics: n2 and 2 more: size is text/,
  ],
  [
    'a clock is off',
    { answered: [CONFIG, { ...NODE('n1'), clockMs: -5000 }] },
    /the clock of instrumenter.n1 is 5.0s behind ours > synchronise/,
  ],
  [
    'reports were lost',
    { answered: [CONFIG, NODE('n1', { counters: { reportsLost: 12 } })] },
    /instrumenter.n1 has lost 12 reports/,
  ],
  [
    'messages are not understood',
    { answered: [CONFIG, NODE('n1', { counters: { malformed: 3 } })] },
    /instrumenter.n1 got 3 messages that it did not understand/,
  ],
  [
    'a disk is full',
    {
      answered: [
        CONFIG,
        aggregator({
          hindsight: hindsightStatus({ ok: false, reason: 'ENOSPC: no space left on device, write' }),
        }),
      ],
    },
    /^aggregator.n1-0 cannot write values to disk: ENOSPC: no space left on device, write > make room in CA_HOME\/hindsight/,
  ],
  [
    'a file of values was damaged',
    {
      answered: [CONFIG, aggregator({ hindsight: hindsightStatus({ damagedBytes: 512 }) })],
    },
    /^aggregator.n1-0 found 512 damaged bytes among its values on disk when it read them > what was in them/,
  ],
  [
    'a node cannot keep up',
    { answered: [CONFIG, NODE('n1', { instrumentations: [{ fqid: 'global;7', late: 50, reports: 100 }] })] },
    /instrumenter.n1 cannot keep up with global;7: 50 seconds came late/,
  ],
  [
    'a probe fails',
    {
      answered: [
        config({
          instrumentations: [
            { ...DISK_PHYSIO, nodes: [{ node: 'n2', state: 'failed', reason: 'BPF needs root' }] },
          ],
        }),
      ],
    },
    /instrumentation 7 \(disk.physio_ops\) fails on n2: BPF needs root > cactl show '7'/,
  ],
  [
    'nodes do not report',
    {
      answered: [CONFIG, aggregator({ instrumentations: { 'global;7': datasetStatus({ reporting: 1 }) } })],
    },
    /instrumentation 7 \(disk.physio_ops\): 1 of 2 nodes report/,
  ],
])('%s', (_name, more, expected) => {
  expect(problems(surveyed(more)).join('\n')).toMatch(expected);
});

test('events that were lost long ago are shown and are nothing wrong; those of the last minute are', () => {
  const losing = aggregator({ instrumentations: { 'global;7': datasetStatus({}, { lost: 40 }) } });
  const s = surveyed({ answered: [CONFIG, losing] });
  expect(problems(s)).toEqual([]);
  expect(overview(s)[0]?.lost).toBe(40);
  expect(problems(s, new Map([['global;7', 9]])).join()).toMatch(/lost 9 events in the last minute/);
});

test('while the config service is away, aggregators and instrumenters tell what runs', () => {
  const s = surveyed({ silent: ['config'], answered: [AGGREGATOR, NODE('n1'), NODE('n2')] });
  expect(overview(s)).toMatchObject([
    { fqid: 'global;7', metric: 'disk.physio_ops', enabled: 2, reporting: 2 },
  ]);
});

test.each([40, 80, 200])(
  'every line fits into %i columns, with 10,000 instrumentations and hostile names',
  (columns) => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      ...DISK_PHYSIO,
      fqid: `global;${i}`,
      predicate: `execname == "\x1b[2J${i}"`,
    }));
    const s = surveyed({
      answered: [config({ instrumentations: many }), AGGREGATOR, NODE('n1')],
    });
    const from = process.cpuUsage();
    const lines = screen(s, columns).split('\n');
    // CPU, not time: the machine may be busy.
    expect(process.cpuUsage(from).user / 1e6).toBeLessThan(2.5);
    // One screen: the first ten, and how many more.
    expect(lines.length).toBeLessThan(30);
    expect(lines.at(-1)).toBe('… 9990 more: cactl list');
    for (const line of lines) {
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(line).not.toContain('\x1b');
    }
  },
);

test('instrumentations in trouble stand first', () => {
  const rows: InstrumentationRow[] = overview(
    surveyed({
      answered: [
        config({
          instrumentations: [DISK_PHYSIO, { ...DISK_PHYSIO, fqid: 'global;8', trouble: 'no aggregator' }],
        }),
      ],
    }),
  );
  expect(rows.map(({ fqid }) => fqid)).toEqual(['global;8', 'global;7']);
});

test('instrumentations that the status had no room for are counted all the same', () => {
  const many = config({ unlisted: { instrumenters: 0, instrumentations: 20_000 } });
  const shown = screen(surveyed({ answered: [many, AGGREGATOR, NODE('n1'), NODE('n2')] }));
  expect(shown.replace(/\s+/g, ' ')).toContain('20001 instrumentations');
  expect(shown).toMatch(/… 20000 more: cactl list$/m);
});

test('one user of the broker for all services is no fault, and is said', () => {
  const shared = config({ bus: { ok: true, selfPingMs: 0, sharedUser: true } });
  const s = surveyed({ answered: [shared, AGGREGATOR, NODE('n1'), NODE('n2')] });
  expect(problems(s)).toEqual([]);
  expect(screen(s, 200)).toContain('all services share one user of the broker');
  expect(screen(surveyed(), 200)).not.toContain('share one user');
});

test('services of another version, refused messages and a broker that is full are told, with what to do', () => {
  const otherVersions = [{ key: 'ca.instrumenter.n3', host: 'n3', what: 'protocol' as const, version: 1 }];
  const bus = {
    ok: false,
    reason: 'the broker takes no messages: low on disk',
    selfPingMs: 9000,
    sharedUser: false,
  };
  const peer = { received: 0, sent: 0, malformed: 0, refused: 7, unroutable: 0 };
  expect(
    problems(
      surveyed({ answered: [config({ otherVersions, bus }), aggregator({ peer }), NODE('n1'), NODE('n2')] }),
    ),
  ).toEqual([
    expect.stringMatching(/^ca.instrumenter.n3 on n3 speaks version 1, and takes no part > install the same/),
    expect.stringMatching(/^config: the broker takes no messages: low on disk > /),
    expect.stringMatching(
      /^aggregator.n1-0 refused 7 messages of senders that may not send them > its log names/,
    ),
  ]);
});

test('a status that is not understood is said to be so, and nothing is read from it', () => {
  const odd = answered('instrumenter.n3', { service: 'odd', problem: 'status.counters is missing' });
  const s = surveyed({ answered: [CONFIG, AGGREGATOR, NODE('n1'), NODE('n2'), odd] });
  expect(problems(s)).toEqual([
    expect.stringMatching(
      /^the status of instrumenter.n3 is not understood: status.counters is missing > install the same version everywhere; cactl status instrumenter.n3/,
    ),
  ]);
  expect(screen(s)).toContain('instrumenter.n3');
});

test('explain says how many reports came twice, late and not at all', () => {
  const counts = { duplicate: 3, late: 2, lost: 0 };
  expect(
    datasetLines('aggregator.n1-0', datasetStatus({ slots: 600, keys: 4, bytes: 2048 }, counts)),
  ).toEqual([
    'aggregator.n1-0 keeps 600 slots with 4 keys in 2KiB',
    'no events lost, 2 reports late, 3 came twice',
  ]);
});

/* Each was once reported as "all is well". */
test.each<[string, Partial<ConfigStatus>, RegExp]>([
  [
    'half a fleet is silent, cut off or without power',
    { inventory: { expected: 4, silent: 2, silentNodes: ['n3', 'n4'], drained: 0, revoked: 0 } },
    /^2 of 4 expected nodes are silent: n3, n4 > cactl node list --silent/,
  ],
  [
    'an aggregator of another host cannot be asked',
    { upstreams: [{ address: '10.77.0.12:23184', running: 0, waiting: 0, inRotation: false }] },
    /^the front door gets no answer from the aggregator at 10.77.0.12:23184 > /,
  ],
  [
    'the exchange of values is gone',
    {
      bus: {
        ok: false,
        reason: 'messages to ourselves do not come back through ca.values',
        selfPingMs: 9,
        sharedUser: false,
      },
    },
    /^config: messages to ourselves do not come back through ca.values > /,
  ],
  [
    'the state folder is not its own any more',
    { trouble: 'the state folder cannot be written: EACCES' },
    /^the config service: the state folder cannot be written: EACCES > make its state folder/,
  ],
  [
    'values of another version are dropped',
    { otherVersions: [{ key: 'ca.instrumenter.n3', host: 'n3', what: 'values', version: 9 }] },
    /^ca.instrumenter.n3 on n3 sends values of version 9, and takes no part > /,
  ],
])('it is not well when %s', (_state, status, first) => {
  const s = surveyed({ answered: [config(status), AGGREGATOR, NODE('n1'), NODE('n2')] });
  expect(problems(s)[0]).toMatch(first);
  expect(screen(s, 200)).toMatch(/^1 thing is wrong/);
});

test('of a large fleet some of the silent are named', () => {
  const silentNodes = Array.from({ length: 20 }, (_, i) => `n${i}`);
  const inventory = { expected: 9000, silent: 4500, silentNodes, drained: 0, revoked: 0 };
  expect(
    problems(surveyed({ answered: [config({ inventory }), AGGREGATOR, NODE('n1'), NODE('n2')] }))[0],
  ).toMatch(/^4500 of 9000 expected nodes are silent: n0, n1, n2 and 4497 more > /);
});
