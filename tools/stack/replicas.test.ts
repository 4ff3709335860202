/* Draining an aggregator of a real stack: what it had is elsewhere, past included. */
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

const HOSTS = ['node-a', 'node-b'];

interface Raw {
  readonly value: number;
  readonly start_time: number;
  readonly completeness: readonly { readonly expected: number; readonly reporting: number }[];
}

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({ hosts: HOSTS, aggregators: 2, sources: ['synthetic'] });
}, 180_000);
afterAll(() => stack.stop(), 60_000);

const now = (): number => Math.floor(Date.now() / 1000);
const isWhole = ({ completeness: [run] }: Raw): boolean =>
  run !== undefined && run.expected === HOSTS.length && run.reporting === HOSTS.length;

const processOf = (instance: string): number =>
  stack.aggregators[Number(instance.split('-').at(-1))]?.pid ?? Number.NaN;

test('an aggregator that is drained has nothing left, and may be killed: its past is elsewhere', async () => {
  const alone = await stack.create({ module: 'syscall', stat: 'syscalls', 'idle-max': 0 });
  const wanted = now();
  const read = (): Promise<Raw> =>
    stack.get<Raw>(`${alone}/value/raw?start_time=${wanted + 2}&duration=1&timeout=0`);
  const before = await until('a whole second', 60_000, async () => {
    const point = await read();
    return isWhole(point) ? point : undefined;
  });
  const { aggregators } = await stack.get<{ aggregators: readonly string[] }>(alone);
  const [home = ''] = aggregators;
  const path = `/ca/admin/aggregators/${home}`;
  await until('nothing being left', 60_000, async () => {
    const { status, body } = await stack.ask('PUT', path, { state: 'drained' });
    expect(status).toBe(200);
    return (body as { instrumentations: number }).instrumentations === 0 ? true : undefined;
  });
  process.kill(processOf(home), 'SIGKILL');
  const after = await read();
  expect([after.value, isWhole(after)]).toEqual([before.value, true]);
}, 240_000);
