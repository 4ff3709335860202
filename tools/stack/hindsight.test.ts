/*
 * Aggregators that are killed, hang, or whose disk is full, with persist-data, as real processes. The nodes are played
 * here: they say what they send in which second, and do not send it again when asked; so whatever is there afterwards
 * was on disk.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNode, type KnownNode } from '../cactl/testing/node';
import { startTestStack, type TestStack } from './test_stack';
import { until } from './until';

jest.setTimeout(180_000);

const SEED = Number(process.env['SEED'] ?? 42);
const COUNT = 7;
const EVENTS = [{ metric: 'disk.physio_ops', count: COUNT, fields: { optype: 'write', latency: 1_200_000 } }];

let stack: TestStack;
let node: KnownNode;
let uri = '';

interface Status {
  readonly pid: number;
  readonly hindsight: { readonly ok: boolean; readonly writes: number; readonly reloadedSlots: number };
}

beforeAll(async () => {
  stack = await startTestStack({ hosts: [], aggregators: 2 });
  node = await startNode({ url: stack.amqpUrl, prefix: '', host: 'n1', events: EVENTS });
  await until('the node being known', 30_000, async () =>
    (await stack.status()).instrumenters.length === 1 ? true : undefined,
  );
  uri = await stack.create({
    module: 'disk',
    stat: 'physio_ops',
    'persist-data': true,
    'retention-time': 600,
  });
}, 120_000);
afterAll(async () => {
  await node.stop();
  await stack.stop();
}, 60_000);

/** The counts of each second of [from, to), as soon as somebody serves them. */
function secondsOf(from: number, to: number): Promise<Map<number, number>> {
  return until('values', 60_000, () => readSeconds(from, to));
}

async function readSeconds(from: number, to: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const points = await stack.get<{ start_time: number; value: number }[]>(
    `${uri}/value/raw?start_time=${from}&duration=1&ndatapoints=${Math.max(1, to - from)}`,
  );
  for (const { start_time: second, value } of [points].flat()) if (value > 0) counts.set(second, value);
  return counts;
}

const now = (): number => Math.floor(Date.now() / 1000);

async function home(): Promise<{ service: TestStack['aggregators'][number]; status: Status }> {
  const { aggregators, instrumentations } = (await stack.status()) as unknown as {
    aggregators: { instance: string; httpPort: number }[];
    instrumentations: { aggregator: string }[];
  };
  const instance = instrumentations[0]?.aggregator ?? '';
  const port = aggregators.find((a) => a.instance === instance)?.httpPort ?? 0;
  const response = await fetch(`http://127.0.0.1:${port}/ca/admin/status`, {
    signal: AbortSignal.timeout(2000),
  });
  const status = (await response.json()) as Status;
  const service = stack.aggregators.find(({ pid }) => pid === status.pid);
  if (service === undefined) throw new Error(`${instance} is not running`);
  return { service, status };
}

async function written(more: number): Promise<void> {
  const before = (await home()).status.hindsight.writes;
  await until(`${more} writes`, 60_000, async () =>
    (await home()).status.hindsight.writes >= before + more ? true : undefined,
  );
}

test('killed at random moments, an aggregator loses at most its last second, and nothing is doubled', async () => {
  console.log(`SEED=${SEED}`);
  let state = SEED;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x80000000;
  const from = now();
  for (let round = 0; round < 3; round++) {
    await written(3);
    const { service } = await home();
    await new Promise((resolve) => setTimeout(resolve, 1000 * random()));
    const before = await secondsOf(from, now());
    const killed = Date.now();
    service.signal('SIGKILL');
    const newest = Math.floor(killed / 1000) - 2; // ended a second ago, and written by now
    await until('its values being served again', 60_000, async () => {
      const after = await secondsOf(from, now());
      return [...after.keys()].some((second) => second > killed / 1000) ? true : undefined;
    });
    const after = await secondsOf(from, now());
    for (const [second, count] of before)
      if (second < newest) expect([second, after.get(second)]).toEqual([second, count]);
    for (const count of after.values()) expect(count).toBe(COUNT);
    expect([...before.keys()].filter((second) => second < newest).length).toBeGreaterThan(1);
  }
});

test('when an aggregator hangs, the one that takes over has its past; when it goes on, nothing is doubled', async () => {
  const from = now();
  await written(3);
  const { service } = await home();
  const before = await secondsOf(from, now() - 2);
  expect(before.size).toBeGreaterThan(0);
  const hung = service.pid;
  process.kill(hung, 'SIGSTOP');
  try {
    await until('another home', 60_000, async () => {
      const { service: other, status } = await home();
      return other.pid !== hung && status.hindsight.reloadedSlots > 0 ? true : undefined;
    });
    await written(2);
    const after = await secondsOf(from, now());
    for (const [second, count] of before) expect([second, after.get(second)]).toEqual([second, count]);
  } finally {
    process.kill(hung, 'SIGCONT');
  }
  await written(2);
  for (const count of (await secondsOf(from, now())).values()) expect(count).toBe(COUNT);
});

// A full disk needs a small one: a mount, which root may make.
const small = process.getuid?.() === 0 ? test : test.skip;
small(
  'a full disk is said and costs nothing that is in memory; what is written later has it all',
  async () => {
    const folder = join(stack.home, 'hindsight');
    mkdirSync(folder, { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', folder]);
    if (mounted.status !== 0) return; // a container that may not mount
    try {
      const from = now();
      const { service } = await home();
      service.signal('SIGKILL'); // it begins on the small disk
      await until('writes on the small disk', 60_000, async () =>
        (await home()).status.hindsight.writes > 1 ? true : undefined,
      );
      writeFileSync(join(folder, 'filler'), '');
      spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4k']);
      await until('the disk being full', 60_000, async () =>
        (await home()).status.hindsight.ok ? undefined : true,
      );
      const since = now();
      await until('values of a full disk', 60_000, async () =>
        (await secondsOf(since, now())).size >= 2 ? true : undefined,
      );
      spawnSync('rm', [join(folder, 'filler')]);
      await until('the disk being used again', 60_000, async () =>
        (await home()).status.hindsight.ok ? true : undefined,
      );
      const before = await secondsOf(from, now() - 2);
      (await home()).service.signal('SIGKILL');
      await until('all of it after a restart', 60_000, async () => {
        const after = await secondsOf(from, now());
        return [...before].every(([second, count]) => after.get(second) === count) ? true : undefined;
      });
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  },
);
