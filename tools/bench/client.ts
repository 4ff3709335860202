/*
 * A small HTTP load generator: GET requests over persistent connections. In: a URL, the number of connections, the duration
 * or rate. Out: requests a second, latencies. It parses just enough HTTP to find the end of an answer.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly perSecond: number;
  /** ms, each request. */
  readonly latencies: readonly number[];
  /** Answers that were not 200. */
  readonly failed: number;
}

class Connection {
  private readonly socket: Socket;
  private readonly request: string;
  private got: Buffer[] = [];
  private done: ((status: number) => void) | undefined;
  private fail: ((error: Error) => void) | undefined;

  constructor(url: URL, headers: Readonly<Record<string, string>> = {}) {
    const lines = Object.entries({ Host: url.host, ...headers }).map((pair) => `${pair.join(': ')}\r\n`);
    this.request = `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.socket.on('data', (chunk) => {
      this.got.push(chunk);
      const status = complete(this.got.length === 1 ? chunk : Buffer.concat(this.got));
      if (status === undefined) return;
      this.got = [];
      this.done?.(status);
    });
    this.socket.on('error', (error) => this.fail?.(error));
    this.socket.on('close', () => this.fail?.(new Error('the server closed the connection')));
  }

  get(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.fail = reject;
      this.socket.write(this.request);
    });
  }

  close(): void {
    this.fail = undefined;
    this.socket.destroy();
  }
}

/** The status when the answer is complete. */
function complete(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const whole =
    length === undefined
      ? bytes.subarray(-7).toString('latin1').endsWith('\r\n0\r\n\r\n')
      : bytes.length >= end + 4 + Number(length);
  return whole ? Number(head.slice(9, 12)) : undefined;
}

/** Each connection sends the next request as soon as it has its answer. `url`: by the connection's number, or the same for all. */
export async function asFastAsPossible(
  url: string | ((connection: number) => string),
  connections: number,
  forMs: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Load> {
  const latencies: number[] = [];
  let failed = 0;
  const from = performance.now();
  const end = from + forMs;
  await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const connection = new Connection(new URL(typeof url === 'string' ? url : url(i)), headers);
      while (performance.now() < end) {
        const began = performance.now();
        if ((await connection.get()) !== 200) failed++;
        latencies.push(performance.now() - began);
      }
      connection.close();
    }),
  );
  return { perSecond: (1000 * latencies.length) / (performance.now() - from), latencies, failed };
}

/** Timer granularity; lateness below this is not counted. */
const GRAIN_MS = 2;

/**
 * One request each 1/rate seconds, whether or not earlier ones are answered. Latency counts from the time it was sent; from
 * the time it was due if it was sent later than that granularity, so that a stall counts for all delayed requests.
 * It waits by timers: a busy loop takes a processor from what it measures (28 ms at the 99th percentile instead of 6).
 */
export async function atRate(url: string, rate: number, forMs: number): Promise<Load> {
  const free: Connection[] = Array.from({ length: 16 }, () => new Connection(new URL(url)));
  const all = [...free];
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const from = performance.now();
  const total = (rate * forMs) / 1000;
  for (let sent = 0; sent < total;) {
    const now = performance.now();
    for (; sent < total && from + (1000 * sent) / rate <= now; sent++) {
      const due = from + (1000 * sent) / rate;
      const began = now - due > GRAIN_MS ? due : now;
      const connection = free.pop() ?? new Connection(new URL(url));
      if (!all.includes(connection)) all.push(connection);
      running.push(
        connection.get().then((status) => {
          if (status !== 200) failed++;
          latencies.push(performance.now() - began);
          free.push(connection);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  for (const connection of all) connection.close();
  return { perSecond: (1000 * latencies.length) / (performance.now() - from), latencies, failed };
}
