/*
 * Aggregators that are killed, hang, or whose disk is full, with persist-data, as real processes: three, with a question
 * each. The nodes are played here: they say what they send in which second, and do not send it again when asked; so
 * whatever is there afterwards was on disk.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Aggregator } from '../../common/http/front-door';
import { checkDocumented } from '../../services/config/testing/documented';
import { startNode, type KnownNode } from '../cactl/testing/node';
import { buildFolder } from './stack';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { directHeaders } from '../testing/direct';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const SEED = Number(process.env['SEED'] ?? 42);
/** Long keys, so that a second needs more room than what is left of a file's last block. */
const EVENTS = Array.from({ length: 40 }, (_, i) => ({
  metric: 'fs.logical_ops',
  count: 1,
  fields: { execname: `${i}`.padEnd(120, '-'), optype: 'write', latency: 1_200_000 },
}));
const COUNT = EVENTS.length;
const AGGREGATORS = 3;

let stack: TestStack;
let node: KnownNode;
/** The disk that values are on: a small one, where we may make one. */
let disk: { readonly folder: string; readonly small: boolean };
const uris: string[] = [];

interface Status {
  readonly pid: number;
  readonly hindsight: { readonly ok: boolean; readonly writes: number };
}

beforeAll(async () => {
  mkdirSync(join(buildFolder(), 'e2e'), { recursive: true });
  const home = mkdtempSync(join(buildFolder(), 'e2e', 'stack-'));
  const folder = join(home, 'hindsight');
  mkdirSync(folder, { mode: 0o700 });
  // Root may, but for containers that may not mount.
  const mount = ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', folder];
  disk = { folder, small: process.getuid?.() === 0 && spawnSync('mount', mount).status === 0 };
  stack = await startTestStack({ home, hosts: [], aggregators: AGGREGATORS, heartbeatS: 2 });
  node = await startNode({ url: stack.amqpUrl, prefix: stack.prefix, host: 'n1', events: EVENTS });
  await until('the node and all aggregators being known', 30_000, async () => {
    const { instrumenters, aggregators } = await stack.status();
    return instrumenters.length === 1 && aggregators.length === AGGREGATORS ? true : undefined;
  });
  await questions();
}, 120_000);
afterAll(async () => {
  if (disk?.small) spawnSync('umount', ['-l', disk.folder]);
  await node?.stop();
  await stack?.stop();
}, 60_000);

/** One for each aggregator: which one gets a question is left to chance. */
async function questions(): Promise<void> {
  const homes = new Set<string>();
  await until('a question for each aggregator', 60_000, async () => {
    const uri = await stack.create({
      module: 'fs',
      stat: 'logical_ops',
      decomposition: ['execname'],
      'persist-data': true,
      'retention-time': 600,
    });
    const { name } = (await homeOf(uri)).service;
    if (homes.has(name)) await stack.ask('DELETE', uri);
    else uris.push(uri);
    return homes.add(name).size === AGGREGATORS ? true : undefined;
  });
}

/** The counts of each second of [from, to), as soon as somebody serves them. */
function secondsOf(uri: string, from: number, to: number): Promise<Map<number, number>> {
  return until('values', 60_000, async () => {
    const counts = new Map<number, number>();
    const points = await stack.get<{ start_time: number; value: Record<string, number> }[]>(
      `${uri}/value/raw?start_time=${from}&duration=1&ndatapoints=${Math.max(1, to - from)}`,
    );
    for (const { start_time: second, value } of [points].flat()) {
      const count = Object.values(value).reduce((sum, n) => sum + n, 0);
      if (count > 0) counts.set(second, count);
    }
    return counts;
  });
}

const now = (): number => Math.floor(Date.now() / 1000);

/** The aggregator that has a question. */
async function homeOf(uri: string): Promise<{ service: TestStack['aggregators'][number]; status: Status }> {
  const { aggregators, instrumentations } = (await stack.status()) as unknown as {
    aggregators: (Aggregator & { instance: string })[];
    instrumentations: { fqid: string; aggregator: string }[];
  };
  const id = uri.slice(uri.lastIndexOf('/') + 1);
  const instance = instrumentations.find(({ fqid }) => fqid.endsWith(`;${id}`))?.aggregator ?? '';
  const home = aggregators.find((a) => a.instance === instance);
  if (home === undefined) throw new Error(`${instance} is not online`);
  const response = await fetch(`http://127.0.0.1:${home.httpPort}/ca/admin/status`, {
    headers: directHeaders(stack.home, home),
    signal: AbortSignal.timeout(2000),
  });
  const status = (await response.json()) as Status;
  const service = stack.aggregators.find(({ pid }) => pid === status.pid);
  if (service === undefined) throw new Error(`${instance} is not running`);
  return { service, status };
}

async function written(uri: string, more: number): Promise<void> {
  const writes = async (): Promise<number> => (await homeOf(uri)).status.hindsight.writes;
  const before = await until('status', 30_000, writes);
  await until(`${more} writes`, 60_000, async () => ((await writes()) >= before + more ? true : undefined));
}

test('killed at random moments, an aggregator loses at most its last second, and nothing is doubled', async () => {
  console.log(`SEED=${SEED}`);
  let state = SEED;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x80000000;
  const from = now();
  await Promise.all(
    uris.map(async (uri) => {
      const { service } = await homeOf(uri);
      await until('four seconds', 60_000, async () =>
        (await secondsOf(uri, from, now())).size >= 4 ? true : undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 1000 * random()));
      const before = await secondsOf(uri, from, now());
      const killed = Date.now();
      service.signal('SIGKILL');
      const newest = Math.floor(killed / 1000) - 2; // ended a second ago, and written by now
      const after = await until('its values being served again', 60_000, async () => {
        const served = await secondsOf(uri, from, now());
        return [...served.keys()].some((second) => second > killed / 1000) ? served : undefined;
      });
      for (const [second, count] of before)
        if (second < newest) expect([second, after.get(second)]).toEqual([second, count]);
      for (const count of after.values()) expect(count).toBe(COUNT);
      expect([...before.keys()].filter((second) => second < newest).length).toBeGreaterThan(1);
    }),
  );
});

test('when an aggregator hangs, the one that takes over has its past; when it goes on, nothing is doubled', async () => {
  const uri = uris[0]!;
  const from = now();
  const before = await until('a past', 60_000, async () => {
    const past = await secondsOf(uri, from, now());
    return past.size >= 2 ? past : undefined;
  });
  await written(uri, AGGREGATORS); // at least one of each question, should one aggregator have them all by now
  const { service } = await homeOf(uri);
  const hung = service.pid;
  process.kill(hung, 'SIGSTOP');
  try {
    await until('another home', 60_000, async () =>
      (await homeOf(uri)).service.pid === hung ? undefined : true,
    );
    await written(uri, 2);
    const after = await secondsOf(uri, from, now());
    for (const [second, count] of before) expect([second, after.get(second)]).toEqual([second, count]);
  } finally {
    process.kill(hung, 'SIGCONT');
  }
  await written(uri, 2);
  for (const count of (await secondsOf(uri, from, now())).values()) expect(count).toBe(COUNT);
});

test('a full disk is said and costs nothing that is in memory; what is written later has it all', async () => {
  if (!disk.small) return;
  const all = async (ok: boolean): Promise<true | undefined> => {
    for (const uri of uris) if ((await homeOf(uri)).status.hindsight.ok !== ok) return undefined;
    return true;
  };
  await until('everybody writing', 60_000, () => all(true));
  const filler = join(disk.folder, 'filler');
  const from = now() - 2;
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
  await until('the disk being full', 60_000, () => all(false));
  const since = now();
  const path = `${uris[0]!}/value/raw`;
  const told = await stack.get<{ disk?: unknown }>(path);
  expect(told.disk).toEqual({ written: false, read: true, damaged_bytes: 0, reason: 'ENOSPC' });
  checkDocumented('GET', path, 200, told);
  for (const uri of uris) {
    await until('values of a full disk', 60_000, async () =>
      (await secondsOf(uri, since, now())).size >= 2 ? true : undefined,
    );
  }
  rmSync(filler);
  await until('the disk being used again', 60_000, () => all(true));
  const before = await Promise.all(uris.map((uri) => secondsOf(uri, from, now() - 2)));
  const homes = await Promise.all(uris.map(homeOf));
  for (const { service } of homes) service.signal('SIGKILL');
  for (const [i, uri] of uris.entries()) {
    expect(before[i]!.size).toBeGreaterThan(1);
    await until('all of it after a restart', 60_000, async () => {
      const after = await secondsOf(uri, from, now());
      return [...before[i]!].every(([second, count]) => after.get(second) === count) ? true : undefined;
    });
  }
});
