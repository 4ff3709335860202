import type { Instrumentation } from '../../common/model/instrumentation';
import type { Value } from '../../common/model/value';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { startFleet, type Fleet } from './fleet';

jest.setTimeout(180_000);

let stack: TestStack;
let fleet: Fleet;

/** Each node reports seconds by its own clock. */
const foretold = {
  isLost: () => false,
  value: (_: Instrumentation, node: string, second: number): Value => ({
    shape: 'keyed',
    numbers: new Map([[node, second]]),
  }),
};

beforeAll(async () => {
  stack = await startTestStack({ sources: ['synthetic'] });
  fleet = await startFleet({
    url: stack.amqpUrl,
    prefix: stack.prefix,
    nodes: 6,
    seed: 3,
    skewMs: 5000,
    metrics: ['syscall.syscalls'],
    foretold,
    patient: true,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await stack?.stop();
});

interface Raw {
  readonly value: Readonly<Record<string, number>>;
  readonly start_time: number;
  readonly minreporting: number;
  readonly clocks?: { nodes: number; worst: { node: string; offset_ms: number; shifted_seconds: number } };
}

test('nodes whose clocks are off by up to 5 s: values land in the right second, and the value says so', async () => {
  const skews = fleet.nodes.map(({ skewMs }) => skewMs);
  expect(Math.max(...skews)).toBeGreaterThan(2000);
  expect(Math.min(...skews)).toBeLessThan(-2000);
  await until('all nodes', 60_000, async () => {
    const { instrumenters } = await stack.status();
    return instrumenters.length === 7 ? true : undefined;
  });
  const uri = await stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition: ['execname'],
    predicate: { ne: ['hostname', 'node-a'] },
  });
  const first = Math.floor(Date.now() / 1000) + 3;
  for (let second = first; second < first + 4; second++) {
    const raw = await until(`second ${second} of all`, 60_000, async () => {
      const one = await stack.get<Raw>(`${uri}/value/raw?start_time=${second}&duration=1&timeout=2000`);
      return one.minreporting === 7 ? one : undefined;
    });
    for (const { name, skewMs } of fleet.nodes) {
      // The node's second began at this moment of our clock; it is shifted by whole seconds.
      const began = (raw.value[name] ?? 0) * 1000 - skewMs;
      expect(Math.abs(began - second * 1000)).toBeLessThan(1000);
    }
    const worst = fleet.nodes.find(({ name }) => name === raw.clocks?.worst.node);
    expect(Math.abs((raw.clocks?.worst.offset_ms ?? 0) - (worst?.skewMs ?? 0))).toBeLessThan(700);
  }
});
