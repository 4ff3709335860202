/*
 * Measurement 2: messages a second from the broker into datasets, compared with a bare amqplib consumer of the same messages
 * in the same run. In: a broker. Out: results. The two take turns, and the best turn of each counts: a busy machine
 * slows single turns down, nothing makes one too fast.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { SILENT } from '../../common/service/log';
import { toWire } from '../../common/wire/message';
import { Peer } from '../../common/wire/peer';
import { routes } from '../../common/wire/route';
import { Aggregator } from '../../services/aggregator/aggregator';
import { consumeBare } from './bare';
import type { Job } from './blast';
import { question } from './question';
import { result, type Result } from './result';

const INSTRUMENTATIONS = 20;
const BUCKETS = 40;
const NODES = 200;

interface Turn {
  readonly perSecond: number;
  readonly bytes: number;
}

/** `seconds` of values of NODES nodes are sent in each of `turns` turns of each kind. */
export async function measureIngest(url: string, turns: number, seconds: number): Promise<Result[]> {
  const bare: Turn[] = [];
  const ours: Turn[] = [];
  for (let turn = 0; turn < turns; turn++) {
    bare.push(await takeTurn(url, `bare${turn}`, seconds, bareConsumer));
    ours.push(await takeTurn(url, `ours${turn}`, seconds, aggregatorConsumer));
  }
  const best = (all: readonly Turn[]): number => Math.max(...all.map(({ perSecond }) => perSecond));
  const kilobytes = ((ours[0]?.bytes ?? 0) / 1000).toFixed(1);
  return [
    result({
      id: 'ingest',
      what: `broker → datasets, messages of ${kilobytes} kB (20 instrumentations × 40 buckets)`,
      value: best(ours),
      unit: 'messages/s',
      reference: { what: 'bare amqplib consumer', value: best(bare) },
      targets: [{ of: 'ratio', atLeast: 0.95 }],
    }),
  ];
}

type Consumer = (
  url: string,
  prefix: string,
  fqids: readonly string[],
  onMessage: (bytes: number) => void,
) => Promise<{ close(): Promise<void> }>;

const bareConsumer: Consumer = (url, prefix, fqids, onMessage) => consumeBare(url, prefix, fqids, onMessage);

/** The aggregator as its main.ts puts it together, without HTTP. */
const aggregatorConsumer: Consumer = async (url, prefix, fqids, onMessage) => {
  const keys = routes(prefix);
  const peer = new Peer({
    url,
    routes: keys,
    host: 'bench',
    key: keys.aggregator('bench-0'),
    clock: SYSTEM_CLOCK,
    log: SILENT,
    firstAttempts: 0,
  });
  // The config service's part: the exchanges, and the nodes that are to report.
  const config = new Peer({
    url,
    routes: keys,
    host: 'bench',
    key: keys.config,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    firstAttempts: 0,
  });
  const aggregator = new Aggregator({
    clock: SYSTEM_CLOCK,
    log: SILENT,
    bind: (fqid) => peer.bind(keys.instrumentation(fqid)),
    unbind: (fqid) => peer.unbind(keys.instrumentation(fqid)),
    resend: () => Promise.resolve([]),
    time: () => new Promise(() => undefined),
  });
  peer.onValues(
    (message, bytes) => {
      aggregator.receive(message, bytes);
      onMessage(bytes);
    },
    (fqid) => aggregator.get(fqid) !== undefined,
  );
  await config.connect();
  await peer.connect();
  const names = Array.from({ length: NODES }, (_, i) => `node${i}`);
  aggregator.nodes({ to: 'all', put: [{ catalogue: 'one', names }], drop: [] });
  for (const fqid of fqids) {
    const id = fqid.slice(fqid.indexOf(';') + 1);
    await aggregator.enable({
      instrumentation: toWire(question(id)),
      scope: { catalogues: ['one'], except: [] },
    });
  }
  const stop = SYSTEM_CLOCK.everySecond(() => {
    aggregator.tick();
  });
  return {
    async close() {
      stop();
      const { reports, messages } = aggregator.counts;
      await Promise.all([peer.close(), config.close()]);
      if (reports !== messages * INSTRUMENTATIONS) throw new Error(`only ${reports} reports came`);
    },
  };
};

async function takeTurn(url: string, prefix: string, seconds: number, consumer: Consumer): Promise<Turn> {
  const fqids = Array.from({ length: INSTRUMENTATIONS }, (_, i) => `global;${i}`);
  const expected = NODES * seconds;
  let came = 0;
  let bytes = 0;
  let first = 0;
  let all: (at: number) => void = () => undefined;
  const last = new Promise<number>((resolve) => (all = resolve));
  const consuming = await consumer(url, prefix, fqids, (length) => {
    if (came++ === 0) first = performance.now();
    bytes += length;
    if (came === expected) all(performance.now());
  });
  const firstSecond = Math.floor(Date.now() / 1000) - seconds;
  const keys = fqids.map(routes(prefix).instrumentation);
  const job: Job = { url, prefix, nodes: NODES, seconds, firstSecond, buckets: BUCKETS, keys };
  const sender = fork(join(__dirname, 'blast.js'));
  const failed = new Promise<never>((_resolve, reject) => {
    sender.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the sender ended with ${code}`));
    });
  });
  try {
    sender.send(job);
    await Promise.race([failed, new Promise((resolve) => sender.once('message', resolve))]);
    sender.send('go');
    const end = await Promise.race([failed, last]);
    return { perSecond: (1000 * (expected - 1)) / (end - first), bytes: bytes / expected };
  } finally {
    sender.kill();
    await consuming.close();
  }
}
