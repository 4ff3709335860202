import { Debounced } from './debounced.ts';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('of many wishes in a row only the newest is fulfilled, once nothing newer has come for the delay', async () => {
  const debounced = new Debounced(60);
  const done: number[] = [];
  for (let wish = 0; wish < 20; wish++) {
    debounced.later(() => Promise.resolve(void done.push(wish)));
    await jest.advanceTimersByTimeAsync(30);
  }
  expect(done).toEqual([]);
  await jest.advanceTimersByTimeAsync(30);
  expect(done).toEqual([19]);
});

test('work that is under way is told that something newer has come, or that nobody wants it any more', async () => {
  for (const end of [
    (one: Debounced) => one.later(() => Promise.resolve()),
    (one: Debounced) => one.cancel(),
  ]) {
    const debounced = new Debounced(60);
    let current: (() => boolean) | undefined;
    debounced.later((isCurrent) => Promise.resolve(void (current = isCurrent)));
    await jest.advanceTimersByTimeAsync(60);
    expect(current?.()).toBe(true);
    end(debounced);
    expect(current?.()).toBe(false);
  }
});
