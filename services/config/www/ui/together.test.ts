import { Together } from './together.ts';

function later<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('who is alone waits for nobody', async () => {
  jest.useFakeTimers();
  try {
    await expect(new Together().with(Promise.resolve(1))).resolves.toBe(1);
  } finally {
    jest.useRealTimers();
  }
});

test('answers that come one after the other are drawn in one step', async () => {
  const together = new Together();
  const [a, b] = [later<string>(), later<string>()];
  const drawn: string[] = [];
  const both = [a, b].map(async ({ promise }) => drawn.push(await together.with(promise)));
  a.resolve('a');
  await Promise.resolve();
  await Promise.resolve();
  expect(drawn).toEqual([]);
  b.resolve('b');
  await Promise.all(both);
  expect(drawn).toEqual(['a', 'b']);
});

test('an answer that does not come holds the others up no longer than a tenth of a second', async () => {
  jest.useFakeTimers();
  try {
    const together = new Together();
    void together.with(new Promise(() => undefined));
    const drawn: number[] = [];
    const others = [1, 2].map(async (n) => drawn.push(await together.with(Promise.resolve(n))));
    await jest.advanceTimersByTimeAsync(99);
    expect(drawn).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await Promise.all(others);
    expect(drawn).toEqual([1, 2]);
  } finally {
    jest.useRealTimers();
  }
});

test('what failed says so, and holds nobody up', async () => {
  const together = new Together();
  const [a, b] = [later<string>(), later<string>()];
  const failing = together.with(a.promise);
  const other = together.with(b.promise);
  a.reject(new Error('refused'));
  b.resolve('b');
  await expect(failing).rejects.toThrow('refused');
  await expect(other).resolves.toBe('b');
});
