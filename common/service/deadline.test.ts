import { within } from './deadline';

const never = new Promise<never>(() => undefined);
const after = <T>(ms: number, end: () => T): Promise<T> =>
  new Promise<void>((resolve) => setTimeout(resolve, ms)).then(end);

test('work that ends in time yields its result, and leaves no timer', async () => {
  jest.useFakeTimers();
  try {
    expect(await within(1000, Promise.resolve(7), () => 0)).toBe(7);
    await expect(within(1000, Promise.reject(new Error('no')), () => 0)).rejects.toThrow('no');
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('late work yields the substitute, or an error', async () => {
  expect(await within(5, never, () => 'late')).toBe('late');
  const late = (): never => {
    throw new Error('not within 5 ms');
  };
  await expect(within(5, never, late)).rejects.toThrow('not within 5 ms');
});

test('a failure after the deadline is ignored', async () => {
  const failing = after(20, () => {
    throw new Error('too late');
  });
  expect(await within(5, failing, () => undefined)).toBeUndefined();
  await after(40, () => undefined);
});
