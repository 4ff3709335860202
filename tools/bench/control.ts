/*
 * The cost of the control plane: a question to many nodes, many questions, a restarted config service, everything deleted.
 * In: how many nodes and questions. Out: one line of JSON for each step. Starts its own broker, stack and fleet.
 *
 *     node build/tools/bench/control.js --nodes 10000 --questions 100
 *     node build/tools/bench/control.js --nodes 1000 --questions 1 --per-connection 1   (true connections: one each)
 */
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../common/service/errors';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { METRIC, startNodes } from './nodes';
import { cpuMsOf, rssMbOf } from './timing';

/** Values of the questions after the first one: one report a minute, so that the control plane alone is measured. */
const QUIET = 60;
const LIMIT_MS = 180_000;
const IDLE_MS = 10_000;

interface Standing {
  readonly state: { readonly enabled: number; readonly enabling: number };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '10000' },
      questions: { type: 'string', default: '100' },
      'per-connection': { type: 'string', default: '100' },
    },
  });
  const nodes = Number(values.nodes);
  const questions = Number(values.questions);
  const stack = await startTestStack({ hosts: [], aggregators: 2, ownBroker: true });
  const { broker } = stack;
  if (broker === undefined) throw new Error('there is no broker of our own');
  const around = { stack, broker, prefix: stack.prefix };
  let last = Date.now();
  const cpuOf = (): number[] => [stack.config.pid, broker.pid].map(cpuMsOf);
  let before = cpuOf();
  const say = (step: string, more: Record<string, unknown> = {}): void => {
    const cpu = cpuOf();
    const [configCpuMs, brokerCpuMs] = cpu.map((ms, i) => ms - (before[i] ?? 0));
    const seconds = (Date.now() - last) / 1000;
    const configMb = Math.round(rssMbOf(stack.config.pid));
    console.log(JSON.stringify({ step, seconds, ...more, configMb, configCpuMs, brokerCpuMs }));
    last = Date.now();
    before = cpu;
  };
  const brokerMb = rssMbOf(broker.pid);
  const fleet = await startNodes(around, nodes, Number(values['per-connection']));
  try {
    say('all nodes known', { nodes, perConnection: Number(values['per-connection']) });
    await pause(IDLE_MS);
    const kb = (1024 * (rssMbOf(broker.pid) - brokerMb)) / nodes;
    say('idle', { brokerKbPerNode: Math.round(kb) });
    const posted = Date.now();
    const first = await create(stack, 1);
    const complete = await firstComplete(stack, first, nodes);
    say('first complete second after the POST', { seconds: (complete - posted) / 1000 });
    // From here the control plane alone: the values of 10,000 nodes each second would saturate a small machine.
    await stack.ask('DELETE', first);
    say('deleted');
    const uris: string[] = [];
    while (uris.length < questions) uris.push(await create(stack, QUIET));
    say('all posted', { questions });
    await allEnabled(stack, uris, nodes);
    say('all enabled');
    const longest = await restart(stack, uris, nodes, last);
    say('config service restarted: all known and enabled', longest);
    last = Date.now();
    const blocked = slowest(stack);
    await Promise.all(uris.map((uri) => stack.ask('DELETE', uri)));
    await pause(3000);
    say('all deleted', { slowestAnswerMs: await blocked() });
  } finally {
    await fleet.stop();
    say('all nodes gone');
    await stack.stop();
  }
}

async function create(stack: TestStack, granularity: number): Promise<string> {
  const [module, stat] = METRIC.split('.');
  const { status, body } = await stack.ask('POST', '/ca/instrumentations', { module, stat, granularity });
  if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`);
  return (body as { uri: string }).uri;
}

/** Time until the first second with reports of all nodes could be read, ms. */
async function firstComplete(stack: TestStack, uri: string, nodes: number): Promise<number> {
  for (let second = Math.floor(Date.now() / 1000); ; second++) {
    const value = `${uri}/value/raw?start_time=${second}&duration=1&timeout=2000`;
    const { minreporting } = await stack.get<{ minreporting: number }>(value);
    if (minreporting >= nodes) return Date.now();
  }
}

async function allEnabled(stack: TestStack, uris: readonly string[], nodes: number): Promise<void> {
  await until('all being enabled', LIMIT_MS, async () => {
    const list = await stack.get<readonly Standing[]>('/ca/instrumentations');
    return list.length === uris.length && list.every(({ state }) => state.enabled === nodes)
      ? true
      : undefined;
  });
}

async function restart(
  stack: TestStack,
  uris: readonly string[],
  nodes: number,
  from: number,
): Promise<Record<string, unknown>> {
  const { pid } = stack.config;
  stack.config.signal('SIGKILL');
  await until('a new config service', LIMIT_MS, () => (stack.config.pid === pid ? undefined : true), 20);
  await until(
    'the front door',
    LIMIT_MS,
    async () => (await stack.ask('GET', '/healthz')).status === 200 || undefined,
    20,
  );
  const door = (Date.now() - from) / 1000;
  let peakMb = 0;
  await until('all nodes being known', LIMIT_MS, async () => {
    peakMb = Math.max(peakMb, rssMbOf(stack.config.pid));
    return (await stack.status()).online.instrumenters === nodes ? true : undefined;
  });
  const known = (Date.now() - from) / 1000;
  await allEnabled(stack, uris, nodes);
  peakMb = Math.max(peakMb, rssMbOf(stack.config.pid));
  return { door, known, peakMb: Math.round(peakMb) };
}

/** The longest answer time since the last call. */
function slowest(stack: TestStack): () => Promise<number> {
  let ended = false;
  const watching = (async (): Promise<number> => {
    let worst = 0;
    while (!ended) {
      const from = performance.now();
      await stack.ask('GET', '/healthz');
      worst = Math.max(worst, performance.now() - from);
      await pause(50);
    }
    return Math.round(worst);
  })();
  return () => {
    ended = true;
    return watching;
  };
}

main()
  .then(() => process.exit())
  .catch((error: unknown) => {
    console.error(`control: ${messageOf(error)}`);
    process.exit(1);
  });
