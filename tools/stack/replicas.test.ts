/*
 * Questions with two aggregators, while one of them is killed and frozen under load: no second missing, no error in the
 * whole time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

const HOSTS = ['node-a', 'node-b'];
const READERS = 4;

interface Raw {
  readonly value: number;
  readonly start_time: number;
  readonly completeness: readonly { readonly expected: number; readonly reporting: number }[];
}

let stack: TestStack;
let uri: string;
beforeAll(async () => {
  stack = await startTestStack({ hosts: HOSTS, aggregators: 3, sources: ['synthetic'] });
  uri = await stack.create({ module: 'syscall', stat: 'syscalls', replicas: 2, 'idle-max': 0 });
}, 180_000);
afterAll(() => stack.stop(), 60_000);

const now = (): number => Math.floor(Date.now() / 1000);
const homes = async (): Promise<readonly string[]> =>
  (await stack.get<{ aggregators: readonly string[] }>(uri)).aggregators;

async function read(from: number, to: number): Promise<Raw[]> {
  const query = `start_time=${from}&duration=1&ndatapoints=${to - from}&timeout=0`;
  return stack.get<Raw[]>(`${uri}/value/raw?${query}`);
}

const isWhole = ({ completeness: [run] }: Raw): boolean =>
  run !== undefined && run.expected === HOSTS.length && run.reporting === HOSTS.length;

/** Reads all the time until `ended`; resolves to what was not an answer. */
async function load(ended: () => boolean): Promise<string[]> {
  const refused: string[] = [];
  const reader = async (): Promise<void> => {
    while (!ended()) {
      const { status, body } = await stack.ask('GET', `${uri}/value/raw?duration=1&timeout=0`);
      if (status !== 200) refused.push(`${status} ${JSON.stringify(body)}`);
      await pause(50);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return refused;
}

const processOf = (instance: string): number =>
  stack.aggregators[Number(instance.split('-').at(-1))]?.pid ?? Number.NaN;

/** Both have all of it. */
const isInBoth = async (): Promise<true | undefined> => {
  const { instrumentations } = await stack.status();
  const row = instrumentations.find(({ fqid }) => fqid.endsWith(`;${uri.split('/').at(-1) ?? ''}`));
  return row !== undefined && row.trouble === undefined && row.aggregators?.length === 2 ? true : undefined;
};

test('one of two aggregators is killed, then the other frozen, under load: no second is missing, no request refused', async () => {
  const began = now() + 2;
  await pause(16_000); // a new question is not yet said to be incomplete
  await until('both having all of it', 60_000, isInBoth);
  let isOver = false;
  const loading = load(() => isOver);
  const [first = '', second = ''] = await homes();
  let missing: Raw[];
  try {
    process.kill(processOf(first), 'SIGKILL');
    await until('it being missed', 60_000, async () => ((await isInBoth()) === true ? undefined : true), 20);
    await until('it having what it missed', 90_000, isInBoth);
    const whole = now() - 8;
    const frozen = processOf(second);
    process.kill(frozen, 'SIGSTOP');
    try {
      await pause(3000);
      missing = (await read(began, whole)).filter((point) => !isWhole(point));
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
  } finally {
    isOver = true;
  }
  expect(missing).toEqual([]);
  expect(await loading).toEqual([]);
  const ended = now();
  await until('every second of the whole time', 60_000, async () => {
    const absent = (await read(began, ended)).filter((point) => !isWhole(point));
    return absent.length === 0 ? true : undefined;
  });
}, 240_000);

test('an aggregator that is drained has nothing left, and may be killed: its past is elsewhere', async () => {
  const alone = await stack.create({ module: 'syscall', stat: 'syscalls', 'idle-max': 0 });
  const wanted = now();
  await until('values', 60_000, () => (now() > wanted + 6 ? true : undefined));
  const { aggregators } = await stack.get<{ aggregators: readonly string[] }>(alone);
  const [home = ''] = aggregators;
  const before = await stack.get<Raw>(`${alone}/value/raw?start_time=${wanted + 2}&duration=1&timeout=0`);
  expect(isWhole(before)).toBe(true);
  const path = `/ca/admin/aggregators/${home}`;
  await until('nothing being left', 60_000, async () => {
    const { status, body } = await stack.ask('PUT', path, { state: 'drained' });
    expect(status).toBe(200);
    return (body as { instrumentations: number }).instrumentations === 0 ? true : undefined;
  });
  process.kill(processOf(home), 'SIGKILL');
  const after = await stack.get<Raw>(`${alone}/value/raw?start_time=${wanted + 2}&duration=1&timeout=0`);
  expect([after.value, isWhole(after)]).toEqual([before.value, true]);
}, 240_000);
