/*
 * The front door under load, on the real stack: one aggregator that delays 400 connections, and all services
 * restarted one after the other. CA_DOOR_SECONDS makes the load longer: 100 takes two minutes.
 */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Supervised } from './supervise';
import { UPSTREAM_LIMITS } from '../../services/config/door/upstream/upstream';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

const SECONDS = Number(process.env['CA_DOOR_SECONDS'] ?? 8);
const CLIENTS = 400;

jest.setTimeout(180_000 + SECONDS * 2000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({
    aggregators: 2,
    sources: ['synthetic'],
    // V8 collects garbage late: only a memory limit shows whether memory grows.
    env: { NODE_OPTIONS: '--max-old-space-size=96' },
  });
});
afterAll(() => stack?.stop());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  readonly ms: number;
}

/** As browsers do: an idle connection that was closed just as it was used again is no answer. */
async function ask(path: string, agent: Agent): Promise<Answer> {
  return askOnce(path, agent).catch((error: { reused?: boolean }) => {
    if (error.reused !== true) throw error;
    return askOnce(path, agent);
  });
}

function askOnce(path: string, agent: Agent): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const req = request(new URL(path, stack.url), { agent }, (res) => {
      let text = '';
      res.on('data', (chunk: Buffer) => (text += chunk.toString()));
      res.once('error', reject);
      res.once('end', () => {
        resolve({ status: res.statusCode ?? 0, text, headers: res.headers, ms: performance.now() - began });
      });
    });
    req.setTimeout(30_000, () => req.destroy(new Error('no answer within 30 s')));
    req.once('error', (error) => {
      reject(Object.assign(error, { reused: req.reusedSocket }));
    });
    req.end();
  });
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

const shown = (numbers: readonly number[]): string =>
  `p50 ${quantile(numbers, 0.5).toFixed(1)} ms, p99 ${quantile(numbers, 0.99).toFixed(1)} ms of ${numbers.length}`;

const timesOf = (answers: readonly Answer[]): number[] => answers.map(({ ms }) => ms);

const mb = (bytes = NaN): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

interface Status {
  readonly aggregators: readonly { readonly instance: string; readonly httpPort: number }[];
  readonly instrumenters: readonly unknown[];
  readonly instrumentations: readonly { readonly fqid: string; readonly aggregator: string }[];
  readonly upstreams: readonly {
    readonly running: number;
    readonly waiting: number;
    readonly inRotation: boolean;
  }[];
  readonly counts: { readonly rssBytes: number; readonly heapBytes: number; readonly pending: number };
}

const status = (): Promise<Status> => stack.get<Status>('/ca/admin/status');

/** One instrumentation on each aggregator. */
async function oneOnEach(): Promise<string[]> {
  const homes = new Map<string, string>();
  while (homes.size < 2) {
    const uri = await stack.create({ module: 'syscall', stat: 'syscalls', decomposition: ['execname'] });
    const { instrumentations } = await status();
    const id = uri.slice(uri.lastIndexOf('/') + 1);
    homes.set(instrumentations.find(({ fqid }) => fqid.endsWith(`;${id}`))?.aggregator ?? '', uri);
  }
  return [...homes.values()];
}

test('400 connections to one slow aggregator: it keeps what it takes, the rest is refused at once, others go on', async () => {
  const [slow = '', other = ''] = await oneOnEach();
  const { pid } = stack.config;
  const one = new Agent({ keepAlive: true });
  const many = new Agent({ keepAlive: true });
  let refusedOthers = 0;
  const measure = async (times: number): Promise<number[]> => {
    const taken: number[] = [];
    for (let i = 0; i < times; i++) {
      const answer = await ask(`${other}/value/raw`, one);
      if (answer.status === 200) taken.push(answer.ms);
      else refusedOthers++;
    }
    return taken;
  };
  try {
    await measure(50);
    const unloaded = await measure(300);

    const end = Date.now() + SECONDS * 1000;
    const answers: Answer[] = [];
    const failures: unknown[] = [];
    /** Asks for what is not there yet, which takes seconds; comes back when it is told to. */
    const client = async (_: unknown, i: number): Promise<void> => {
      while (Date.now() < end) {
        try {
          const start = Math.floor(Date.now() / 1000) + 3;
          // Each requests something else: equal requests would be one for all of them.
          const query = `start_time=${start}&duration=1&timeout=${5000 - i}`;
          const answer = await ask(`${slow}/value/raw?${query}`, many);
          answers.push(answer);
          if (answer.status !== 200) await pause(1000 * Number(answer.headers['retry-after'] ?? 1));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const load = Array.from({ length: CLIENTS }, client);
    await until('a full line', 30_000, async () =>
      (await status()).upstreams.some(({ waiting }) => waiting > 0) ? true : undefined,
    );
    const memory: Status['counts'][] = [];
    const loaded: number[] = [];
    const health: number[] = [];
    while (Date.now() < end) {
      loaded.push(...(await measure(20)));
      const alive = await ask('/healthz', one);
      expect(alive.status).toBe(200);
      health.push(alive.ms);
      memory.push((await status()).counts);
      await pause(50);
    }
    await Promise.all(load);

    const [answered, refused] = [200, 503].map((wanted) =>
      answers.filter((answer) => answer.status === wanted),
    );
    // Collections come when they like: the least of a stretch is what is really in use.
    const half = Math.floor(memory.length / 2);
    const least = (some: Status['counts'][]): number => Math.min(...some.map(({ heapBytes }) => heapBytes));
    const [early, later] = [least(memory.slice(0, half)), least(memory.slice(half))];
    const late = (refused ?? []).filter(({ text }) => text.includes('the aggregator is busy'));
    const atOnce = (refused ?? []).filter((answer) => !late.includes(answer));
    process.stdout.write(
      [
        `${CLIENTS} connections for ${SECONDS} s: answered ${shown(timesOf(answered ?? []))}`,
        `refused at once: ${shown(timesOf(atOnce))}; after waiting in line: ${shown(timesOf(late))}`,
        `another aggregator's values: ${shown(unloaded)} before, ${shown(loaded)} during`,
        `/healthz: ${shown(health)}`,
        `memory of the config service: heap at least ${mb(early)}, then ${mb(later)}; ` +
          `RSS ${mb(memory[0]?.rssBytes)} to ${mb(memory.at(-1)?.rssBytes)}`,
        '',
      ].join('\n'),
    );
    expect(failures).toEqual([]);
    expect((answered?.length ?? 0) + (refused?.length ?? 0)).toBe(answers.length);
    expect(atOnce.length).toBeGreaterThan(0);
    for (const { headers } of refused ?? []) expect(headers['retry-after']).toMatch(/^\d+$/);
    // Far off only, on a busy machine: refusing, and answering others, is no matter of seconds as the slow one's answers are.
    const patience = quantile(
      (answered ?? []).map(({ ms }) => ms),
      0.5,
    );
    expect(patience).toBeGreaterThan(1000);
    for (const taken of [loaded, health, timesOf(atOnce)])
      expect(quantile(taken, 0.5)).toBeLessThan(patience / 2);
    // With what it has it got through: it would have died of growth, and been started again.
    expect(stack.config.pid).toBe(pid);

    // A machine that is busy beyond measure may starve even this one for a second; it is not the rule.
    expect(refusedOthers).toBeLessThan(0.1 * (unloaded.length + loaded.length));

    // After the load nothing of it is left.
    await until('all is free again', 30_000, async () => {
      const { upstreams } = await status();
      return upstreams.every(({ running, waiting, inRotation }) => running + waiting === 0 && inRotation)
        ? true
        : undefined;
    });
    for (let i = 0; i < 20; i++) expect((await ask(`${slow}/value/raw`, one)).status).toBe(200);
  } finally {
    one.destroy();
    many.destroy();
  }
});

test('400 connections that ask one question as fast as they can, its aggregator frozen, take neither the door nor its memory', async () => {
  const [flooded = '', other = ''] = await oneOnEach();
  const [one, many] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
  const { instrumentations } = await status();
  const id = flooded.slice(flooded.lastIndexOf('/') + 1);
  const instance = instrumentations.find(({ fqid }) => fqid.endsWith(`;${id}`))?.aggregator ?? '';
  const frozen = stack.aggregators.find(({ name }) => name.slice(-2) === instance.slice(-2));
  const measure = async (times: number): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (let i = 0; i < times; i++) answers.push(await ask(`${other}/value/raw?timeout=0`, one));
    return answers;
  };
  let [ending, asked] = [false, 0];
  const client = async (_: unknown, i: number): Promise<void> => {
    for (let n = 0; !ending; n++) {
      asked++;
      // Each something of its own, so that no two are one request; none heeds Retry-After.
      await ask(`${flooded}/value/raw?timeout=0&start_time=${1000 + CLIENTS * n + i}`, many).catch(
        () => undefined,
      );
    }
  };
  try {
    await measure(50);
    const quiet = await measure(200);
    const { rssBytes: before } = (await status()).counts;
    frozen?.signal('SIGSTOP');
    const flood = Array.from({ length: CLIENTS }, client);
    // Its line is full, and it is known to be away.
    await until('the flood is refused', 30_000, async () =>
      (await status()).upstreams.some(({ inRotation }) => !inRotation) ? true : undefined,
    );
    // Those that wait in line have been refused, too.
    await pause(UPSTREAM_LIMITS.waitMs);
    const [from, began] = [asked, Date.now()];
    const meanwhile: Answer[] = [];
    while (Date.now() < began + SECONDS * 500) meanwhile.push(...(await measure(20)));
    const perSecond = (1000 * (asked - from)) / (Date.now() - began);
    const { rssBytes: during } = (await status()).counts;
    ending = true;
    frozen?.signal('SIGCONT');
    await Promise.all(flood);
    process.stdout.write(
      `flood: ${perSecond.toFixed(0)} requests/s of ${CLIENTS} connections; another question's values: ` +
        `${shown(timesOf(quiet))} before, ${shown(timesOf(meanwhile))} during; ` +
        `RSS ${mb(before)} before, ${mb(during)} during, ${mb((await status()).counts.rssBytes)} after\n`,
    );
    await until('memory that is back', 60_000, async () =>
      (await status()).counts.rssBytes < 1.1 * before ? true : undefined,
    );
    // Whoever asks again too soon is held back: the flood costs a few requests a second and connection, not all there is.
    expect(perSecond).toBeGreaterThan(0);
    expect(perSecond).toBeLessThan(3 * CLIENTS);
    expect(meanwhile.filter((answer) => answer.status !== 200)).toEqual([]);
    // Far off only: the machine of the tests is busy itself.
    expect(quantile(timesOf(meanwhile), 0.5)).toBeLessThan(10 * quantile(timesOf(quiet), 0.5) + 20);
  } finally {
    ending = true;
    frozen?.signal('SIGCONT');
    one.destroy();
    many.destroy();
  }
});

test('a raw value is not kept waiting by ten large pictures', async () => {
  const uri = await stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition: ['execname', 'latency'],
  });
  await until('a value', 30_000, async () =>
    (await stack.get<{ minreporting: number }>(`${uri}/value/raw`)).minreporting === 1 ? true : undefined,
  );
  const agent = new Agent({ keepAlive: true });
  const pictures: Answer[] = [];
  const values: Answer[] = [];
  let ending = false;
  // Each differs from all others: none is there already.
  let number = 0;
  const viewer = async (): Promise<void> => {
    while (!ending) {
      const query = `width=2000&height=2000&decompose_all=true&timeout=0&ymax=${10_000_000 + ++number}`;
      pictures.push(await ask(`${uri}/value/heatmap/image.png?${query}`, agent));
    }
  };
  const viewers = Array.from({ length: 10 }, viewer);
  try {
    await until('pictures', 60_000, () => (pictures.length >= 10 ? true : undefined));
    const enough = pictures.length + 20;
    while (pictures.length < enough || values.length < 20) {
      values.push(await ask(`${uri}/value/raw?timeout=0`, agent));
    }
  } finally {
    ending = true;
    await Promise.all(viewers);
    agent.destroy();
  }
  for (const { status: code } of [...pictures, ...values]) expect(code).toBe(200);
  process.stdout.write(
    `pictures: ${shown(timesOf(pictures))}; raw values meanwhile: ${shown(timesOf(values))}\n`,
  );
  // Behind all of them it would take as long as they do.
  expect(quantile(timesOf(values), 0.5)).toBeLessThan(quantile(timesOf(pictures), 0.5) / 2);
});

test('every service restarted in turn: whoever asks once more when the door is ready meets no error', async () => {
  const uris = await oneOnEach();
  const agent = new Agent({ keepAlive: true });
  let ending = false;
  const counts = { good: 0, again: 0 };
  const failures: string[] = [];
  const attempt = (path: string): Promise<number | string> =>
    askOnce(path, agent).then(
      ({ status: code, text }) => (code === 200 ? code : `${code} ${text.trim()}`),
      (error: unknown) => String(error),
    );
  const client = async (path: string): Promise<void> => {
    while (!ending) {
      const first = await attempt(path);
      if (first === 200) counts.good++;
      else {
        counts.again++;
        await until('the door being ready', 60_000, async () =>
          (await attempt('/readyz')) === 200 ? true : undefined,
        );
        const second = await attempt(path);
        if (second !== 200) failures.push(`${path}: ${first}, then ${second}`);
      }
      await pause(20);
    }
  };
  const clients = [...uris, ...uris].map((uri) => client(`${uri}/value/raw`));
  try {
    const restart = async (service: Supervised): Promise<void> => {
      const { pid } = service;
      service.signal('SIGTERM');
      await until(`${service.name} being back`, 60_000, async () => {
        if (service.pid === pid) return undefined;
        const { aggregators, instrumenters } = await stack.status();
        const ready =
          aggregators.length === 2 && instrumenters.length === 1 && (await attempt('/readyz')) === 200;
        return ready ? true : undefined;
      });
    };
    for (const service of [...stack.aggregators, ...stack.instrumenters, stack.config])
      await restart(service);
    const before = counts.good;
    await until('answers after all that', 30_000, () => (counts.good > before + 20 ? true : undefined));
  } finally {
    ending = true;
    await Promise.all(clients);
    agent.destroy();
  }
  process.stdout.write(`rolling restart: ${counts.good} answers at once, ${counts.again} asked twice\n`);
  expect(failures).toEqual([]);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'the config service ended by %s and started anew: connections wait for it, none is refused',
  async (signal) => {
    const { pid } = stack.config;
    let [ending, answered, longest] = [false, 0, 0];
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      while (!ending) {
        // A connection of its own each time, as from somebody who has just arrived.
        const answer = await askOnce('/healthz', new Agent()).catch((error: { code?: string }) => error);
        if (!('status' in answer)) failures.push(String(answer.code));
        else if (answer.status === 200) [answered, longest] = [answered + 1, Math.max(longest, answer.ms)];
        else failures.push(String(answer.status));
        await pause(5);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    try {
      await until('answers', 30_000, () => (answered > 20 ? true : undefined));
      stack.config.signal(signal);
      await until('another process', 60_000, () => (stack.config.pid === pid ? undefined : true));
      const before = answered;
      await until('its answers', 60_000, () => (answered > before + 50 ? true : undefined));
    } finally {
      ending = true;
      await Promise.all(clients);
    }
    process.stdout.write(
      `${signal}: ${answered} answers, the longest after ${longest.toFixed(0)} ms; broken off: ${failures.join(' ')}\n`,
    );
    // One that it had taken already goes with it when it is killed: at most one of each client.
    expect(failures.filter((code) => code !== 'ECONNRESET')).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(4);
  },
);
