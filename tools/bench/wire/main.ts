/*
 * Measures what a value costs from one process through RabbitMQ into an aggregator's dataset, for each encoding and
 * for one or many reports a message. Out: a table; docs/wire.md holds one run of it, and what was decided.
 * Run with `make bench-wire`. CPU time, not wall-clock time: it says the same on a busy machine.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../common/model/bucket';
import { connectBroker } from '../../../common/wire/broker';
import type { DataMessage } from '../../../common/wire/data';
import { SILENT } from '../../../common/service/log';
import { routes } from '../../../common/wire/route';
import { Dataset } from '../../../services/aggregator/dataset/dataset';
import { startBroker, type PrivateBroker } from '../../stack/broker';
import { startGuard } from '../../stack/process';
import { load } from '../load';
import { cpuMsOf } from '../timing';
import { encodings, type Encoding } from './encodings';
import type { Job, Sent } from './sender';

const NODES = 200;
const INSTRUMENTATIONS = 20;
const BUCKETS = 40;
const SECONDS = 10;
const ROUNDS = 40;

interface Row {
  readonly encoding: string;
  readonly together: number;
  readonly bytesPerValue: number;
  readonly sender: number;
  readonly broker: number;
  readonly receiver: number;
  readonly valuesPerSecond: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-wire-'));
  const guard = startGuard();
  const broker = await startBroker(folder, guard);
  try {
    printAlone(encodings().map(measureAlone));
    const rows: Row[] = [];
    for (const together of [1, INSTRUMENTATIONS]) {
      for (const { name } of encodings()) rows.push(await measure(broker, name, together));
    }
    print(rows);
  } finally {
    await broker.stop();
    guard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Alone {
  readonly encoding: string;
  readonly encode: number;
  readonly decode: number;
}

/** Microseconds of CPU a value, without any broker; the best of some rounds, so that compiling is not counted. */
function measureAlone({ name, encode, decode }: Encoding): Alone {
  const messages = load(NODES, INSTRUMENTATIONS, BUCKETS).map((reports, n): DataMessage => ({
    node: `node${n}`,
    second: 1_700_000_000,
    duration: 1,
    sent: 0,
    reports,
  }));
  const bodies = messages.map(encode);
  const best = (work: () => void): number => {
    let least = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const from = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(from);
      least = Math.min(least, (user + system) / (NODES * INSTRUMENTATIONS));
    }
    return least;
  };
  return { encoding: name, encode: best(() => messages.map(encode)), decode: best(() => bodies.map(decode)) };
}

function printAlone(rows: readonly Alone[]): void {
  console.log('| encoding | encode µs a value | decode µs a value |\n|---|---|---|');
  for (const { encoding, encode, decode } of rows) {
    console.log(`| ${encoding} | ${encode.toFixed(2)} | ${decode.toFixed(2)} |`);
  }
}

async function measure(rabbit: PrivateBroker, name: string, together: number): Promise<Row> {
  const encoding = encodings().find((e) => e.name === name);
  if (encoding === undefined) throw new Error(`there is no encoding ${name}`);
  const { instrumentation } = routes(name);
  const keys = Array.from({ length: INSTRUMENTATIONS }, (_, i) => instrumentation(`global;${i}`));
  const firstSecond = Math.floor(Date.now() / 1000) - SECONDS;
  const datasets = new Map(keys.map((_, i) => [`global;${i}`, emptyDataset()]));
  let values = 0;
  let over: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (over = resolve));
  const queue = `receiver.${name}.${together}`;
  const receiver = await connectBroker({
    url: rabbit.url,
    queue,
    log: SILENT,
    firstAttempts: 0,
    onUp: () => undefined,
    onDown: () => undefined,
    onMessage: ({ body, contentType }) => {
      if (contentType === 'text/plain') {
        over();
        return;
      }
      const { node, second, duration, reports } = encoding.decode(body);
      for (const { fqid, value, lost } of reports) {
        datasets.get(fqid)?.update(node, second, duration, value, lost, Date.now());
        values++;
      }
    },
  });
  for (const key of keys) await receiver.bind(key);

  const job: Job = {
    url: rabbit.url,
    encoding: name,
    nodes: NODES,
    instrumentations: INSTRUMENTATIONS,
    buckets: BUCKETS,
    firstSecond,
    seconds: SECONDS,
    together,
    keys,
    endKey: queue,
  };
  const brokerFrom = cpuMsOf(rabbit.pid);
  const from = process.cpuUsage();
  const started = performance.now();
  const sender = fork(join(__dirname, 'sender.js'));
  sender.send(job);
  const sent = await new Promise<Sent>((resolve, reject) => {
    sender.once('message', (m) => {
      resolve(m as Sent);
    });
    sender.once('exit', (code) => {
      reject(new Error(`the sender ended with ${code}`));
    });
  });
  await end;
  const wall = performance.now() - started;
  const used = process.cpuUsage(from);
  const brokerMs = cpuMsOf(rabbit.pid) - brokerFrom;
  await receiver.close();
  if (values !== NODES * INSTRUMENTATIONS * SECONDS) throw new Error(`${values} values came`);
  const us = (ms: number): number => (1000 * ms) / values;
  return {
    encoding: name,
    together,
    bytesPerValue: sent.bytes / values,
    sender: us(sent.cpuMs),
    broker: us(brokerMs),
    receiver: us((used.user + used.system) / 1000),
    valuesPerSecond: (1000 * values) / wall,
  };
}

function emptyDataset(): Dataset {
  return new Dataset({
    shape: 'distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
  });
}

function print(rows: readonly Row[]): void {
  console.log(
    `${NODES} nodes × ${INSTRUMENTATIONS} instrumentations × ${SECONDS} s, ${BUCKETS} buckets each`,
  );
  console.log(
    '| encoding | reports a message | bytes | sender µs | broker µs | receiver µs | all µs | values/s |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (const r of rows) {
    const cells = [r.bytesPerValue, r.sender, r.broker, r.receiver, r.sender + r.broker + r.receiver];
    const numbers = [...cells.map((n) => n.toFixed(n < 100 ? 1 : 0)), Math.round(r.valuesPerSecond)];
    console.log(`| ${r.encoding} | ${r.together} | ${numbers.join(' | ')} |`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
