import { Budget } from './budget';

const never = (): Promise<never> => new Promise(() => undefined);

test('what hangs is given up after its limit, and its late failure disturbs nobody', async () => {
  const budget = new Budget(60_000);
  await expect(budget.within(10, never)).rejects.toThrow('given up after 0 s');
  let fail: (error: Error) => void = () => undefined;
  const failing = budget.within(10, () => new Promise<never>((_resolve, reject) => (fail = reject)));
  await expect(failing).rejects.toThrow('given up');
  fail(new Error('too late to matter'));
});

test('what ends in time gives its result, or its own error', async () => {
  const budget = new Budget(60_000);
  await expect(budget.within(60_000, () => 7)).resolves.toBe(7);
  await expect(
    budget.within(60_000, () => {
      throw new Error('broken');
    }),
  ).rejects.toThrow('broken');
});

test('an end ends what is running and what would follow', async () => {
  const budget = new Budget(60_000);
  const running = budget.within(60_000, never);
  budget.giveUp('ended by SIGINT');
  await expect(running).rejects.toThrow('ended by SIGINT');
  await expect(budget.within(60_000, never)).rejects.toThrow('ended by SIGINT');
});

test('time is used up by the clock', () => {
  let now = 5000;
  const budget = new Budget(1000, () => now);
  now = 5400;
  expect(budget.left).toBe(600);
});
