/*
 * A malicious front door: every text in its answers could move the cursor, change colours or reverse the direction of writing
 * if printed unchanged. No command prints any of it unescaped, neither as text nor as JSON.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CACTL } from './commands';
import { run, type Printed } from './testing/console';

/** A title for the window, an 8-bit escape, a change of direction, and a line of its own. */
const EVIL = 'x\x1b]0;gone\x07\x9b2J\u202e\r\ny';
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

const instrumentation = {
  id: '1',
  uri: `/ca/customers/${encodeURIComponent(EVIL)}/instrumentations/1`,
  module: 'disk',
  stat: 'physio_ops',
  predicate: { eq: ['execname', EVIL] },
  decomposition: ['execname', 'latency'],
  granularity: 1,
  'retention-time': 600,
  'idle-max': 0,
  'persist-data': false,
  enabled: true,
  crtime: 0,
  nsources: 1,
  nodes: [{ node: EVIL, state: EVIL, source: EVIL, reason: EVIL }],
};
const description = {
  modules: { disk: { label: EVIL } },
  fields: { execname: { label: EVIL, type: 'string' }, latency: { label: EVIL, type: 'time' } },
  metrics: [
    {
      module: 'disk',
      stat: 'physio_ops',
      label: EVIL,
      unit: EVIL,
      interval: EVIL,
      question: EVIL,
      synonyms: [EVIL],
      fields: ['execname', 'latency', EVIL],
    },
  ],
  unavailable: [
    {
      module: EVIL,
      stat: EVIL,
      label: EVIL,
      question: EVIL,
      synonyms: [EVIL],
      reasons: [{ reason: EVIL, nodes: 1 }],
    },
  ],
};
const second = { start_time: 1_700_000_000, duration: 1, nsources: 1, minreporting: 1, lost: 0 };
const figures = { count: 3, sum: 3000, mean: 1000, min: 1000, p50: 1000, max: 1099 };
const top = {
  ...second,
  unit: EVIL,
  sort: 'count',
  total: figures,
  keys: [{ key: EVIL, ...figures }],
  omitted: 0,
};
const special = {
  ...second,
  inside: 3,
  outside: 4,
  omitted: 0,
  keys: [{ key: EVIL, inside: 3, outside: 4, share_inside: 1, share_outside: 1, ratio: 1, g: 0, p: 1 }],
  test: { statistic: EVIL, correction: EVIL, keys: 1, alpha: 0.01 },
};
const board = {
  id: '1',
  uri: EVIL,
  revision: 1,
  name: EVIL,
  variables: [{ field: EVIL, value: EVIL }],
  panels: [
    {
      module: EVIL,
      stat: EVIL,
      decomposition: [EVIL],
      predicate: { eq: [EVIL, EVIL] },
      granularity: 1,
      title: EVIL,
    },
  ],
};
const value = { ...second, value: { [EVIL]: [[[1000, 1099], 3]] } };

let server: Server;
let refusing = false;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    response.statusCode = refusing ? 400 : 200;
    const refusal = { error: { code: 'INVALID', message: EVIL, field: EVIL } };
    const answer = path.endsWith('/boards')
      ? [board]
      : path.includes('value/top')
        ? top
        : path.includes('value/special')
          ? special
          : path.includes('value/raw')
            ? value
            : path.endsWith('instrumentations') && request.method === 'GET'
              ? [instrumentation]
              : path.includes('instrumentations')
                ? instrumentation
                : description;
    response.end(JSON.stringify(refusing ? refusal : answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const cactl = (...argv: string[]): Promise<Printed> => run(CACTL, [...argv, '--url', url, '-t', '20']);

const COMMANDS: readonly string[][] = [
  ['summary'],
  ['list'],
  ['show', '1'],
  ['value', '1'],
  ['value', '1', '--percentiles', '50', '--by-second'],
  ['top', '1'],
  ['special', '1', '--min', '1ms'],
  ['watch', '1', '-n', '1'],
  ['boards'],
  ['boards', 'export'],
  ['boards', 'delete', '1'],
  ['boards', 'export', EVIL],
  ['metrics'],
  ['metrics', 'disk.physio_ops'],
  ['metrics', EVIL],
  ['explain', '1'],
  ['create', 'disk.physio_ops'],
  ['create', 'disk.physio_ops', '--by', EVIL],
  ['create', 'disk.physio_ops', '--where', `execname == ${EVIL} ${EVIL}`],
  ['clone', '1'],
  ['delete', '1'],
  ['__complete', '--', 'create', 'disk.physio_ops', '--by', ''],
];

test.each(COMMANDS)('%j lets nothing through', async (...argv) => {
  const completes = argv[0] === '__complete';
  for (const form of ['text', 'json']) {
    for (refusing of [false, true]) {
      const words = completes ? [argv[0] ?? '', '--url', url, ...argv.slice(1)] : argv;
      const { out, err } = completes ? await run(CACTL, words) : await cactl(...argv, '-o', form);
      const printed = completes ? out.replaceAll('\t', '') : out;
      expect(UNSAFE.exec(printed + err)).toBeNull();
      expect(printed + err).not.toContain('\ny');
      if (form === 'json' && out !== '' && !completes) expect(() => JSON.parse(out) as unknown).not.toThrow();
    }
  }
});

test('JSON means the same with every doubtful character written out', async () => {
  refusing = false;
  const { out } = await cactl('list', '-o', 'json');
  expect(out).toContain('\\u009b2J\\u202e');
  expect(JSON.parse(out)).toEqual([instrumentation]);
});
