/*
 * Sends data messages that were encoded beforehand, as fast as the broker takes them. In: a job from the parent
 * process, then its signal to start. Out: "ready", and "done" when everything is written. A separate process, as nodes are.
 */
import { connectBroker } from '../../common/wire/broker/broker';
import { DATA_CONTENT, encodeData } from '../../common/wire/data';
import { SILENT } from '../../common/service/log';
import { routes } from '../../common/wire/route';
import { load } from './load';

export interface Job {
  readonly url: string;
  readonly prefix: string;
  readonly nodes: number;
  readonly seconds: number;
  readonly firstSecond: number;
  readonly buckets: number;
  /** Routing keys of the instrumentations global;0, global;1, … */
  readonly keys: readonly string[];
}

/** Messages written before the socket gets its turn. */
const SLICE = 100;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function blast(job: Job): Promise<void> {
  const broker = await connectBroker({
    url: job.url,
    routes: routes(job.prefix),
    queue: `blast.${process.pid}`,
    log: SILENT,
    firstAttempts: 0,
    onMessage: () => undefined,
    onUp: () => undefined,
    onDown: () => undefined,
  });
  const reports = load(job.nodes, job.keys.length, job.buckets);
  const bodies: Buffer[] = [];
  for (let second = job.firstSecond; second < job.firstSecond + job.seconds; second++) {
    for (const [n, all] of reports.entries()) {
      const sent = second * 1000 + 1003;
      bodies.push(encodeData({ node: `node${n}`, second, duration: 1, sent, reports: all }));
    }
  }
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const [key = '', ...copies] = job.keys;
  for (let i = 0; i < bodies.length; i += SLICE) {
    for (const body of bodies.slice(i, i + SLICE)) {
      while (!broker.publish(key, body, { contentType: DATA_CONTENT, copies })) await turn();
    }
    await turn();
  }
  await broker.close();
  process.send?.('done');
  process.disconnect();
}

process.once('message', (job: Job) => void blast(job));
process.once('disconnect', () => process.exit());
