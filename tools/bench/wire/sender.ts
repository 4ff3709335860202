/*
 * Sends the load through a broker as fast as it goes. In: one job from the parent process. Out: what it cost, to the
 * parent. A process of its own, so that its CPU time is its own.
 */
import { connectBroker } from '../../../common/wire/broker';
import type { DataMessage } from '../../../common/wire/data';
import { SILENT } from '../../../common/service/log';
import { encodings } from './encodings';
import { load } from '../load';

export interface Job {
  readonly url: string;
  readonly encoding: string;
  readonly nodes: number;
  readonly instrumentations: number;
  readonly buckets: number;
  readonly firstSecond: number;
  readonly seconds: number;
  /** Reports that travel together. */
  readonly together: number;
  /** Routing keys of the instrumentations. */
  readonly keys: readonly string[];
  readonly endKey: string;
}

export interface Sent {
  readonly cpuMs: number;
  readonly bytes: number;
  readonly messages: number;
}

async function send(job: Job): Promise<Sent> {
  const encoding = encodings().find(({ name }) => name === job.encoding);
  if (encoding === undefined) throw new Error(`there is no encoding ${job.encoding}`);
  const broker = await connectBroker({
    url: job.url,
    queue: `sender.${process.pid}`,
    log: SILENT,
    firstAttempts: 0,
    onMessage: () => undefined,
    onUp: () => undefined,
    onDown: () => undefined,
  });
  const reports = load(job.nodes, job.instrumentations, job.buckets);
  const from = process.cpuUsage();
  let bytes = 0;
  let messages = 0;
  for (let second = job.firstSecond; second < job.firstSecond + job.seconds; second++) {
    for (const [n, all] of reports.entries()) {
      for (let i = 0; i < all.length; i += job.together) {
        const message: DataMessage = {
          node: `node${n}`,
          second,
          duration: 1,
          sent: second * 1000 + 1003,
          reports: all.slice(i, i + job.together),
        };
        const body = encoding.encode(message);
        bytes += body.length;
        messages++;
        const [key = '', ...copies] = job.keys.slice(i, i + job.together);
        broker.publish(key, body, 'application/octet-stream', false, copies);
      }
    }
    // One second's messages at a time: the socket's buffer must not grow without end.
    await new Promise((resolve) => setImmediate(resolve));
  }
  broker.publish(job.endKey, Buffer.from('end'), 'text/plain');
  await broker.close(); // all is written when this is done
  const used = process.cpuUsage(from);
  return { cpuMs: (used.user + used.system) / 1000, bytes, messages };
}

process.once('message', (job: Job) => {
  void send(job).then((sent) => {
    process.send?.(sent);
    process.disconnect();
  });
});
