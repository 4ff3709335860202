import { onReasonToEnd } from './reasons-to-end';
import { until } from '../testing/until';

let stop = (): void => undefined;
const before = process.listeners('SIGHUP');
afterEach(() => {
  stop();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    for (const listener of process.listeners(signal)) {
      if (!before.includes(listener)) process.off(signal, listener);
    }
  }
});

function look(around: { terminals?: Set<number>; parent?: { id: number }; byMake?: boolean }): string[] {
  const reasons: string[] = [];
  stop = onReasonToEnd((reason) => reasons.push(reason), {
    isTerminal: (fd) => around.terminals?.has(fd) ?? false,
    parent: () => around.parent?.id ?? 1,
    byMake: around.byMake ?? false,
  });
  return reasons;
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is a reason', (signal) => {
  const reasons = look({});
  process.emit(signal, signal);
  expect(reasons[0]).toBe(signal);
});

test('a terminal that is gone is one, once; what was never a terminal is none', async () => {
  const terminals = new Set([0, 2]);
  const reasons = look({ terminals });
  terminals.delete(2);
  await until('the reason', 5000, () => reasons[0]);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(reasons).toEqual(['the terminal is gone']);
});

test('the end of make is one; that of a shell is none', async () => {
  const parent = { id: 100 };
  const [mine, shells] = [look({ parent, byMake: true }), look({ parent })];
  parent.id = 1;
  await until('the reason', 5000, () => mine[0]);
  expect(mine).toEqual(['make is gone']);
  expect(shells).toEqual([]);
});
