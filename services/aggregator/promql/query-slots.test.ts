import { setTimeout as pause } from 'node:timers/promises';
import { QuerySlots } from './query-slots';

test('four queries run at a time, 64 wait in order, and more are told to come back', async () => {
  const slots = new QuerySlots();
  let [running, most] = [0, 0];
  const order: number[] = [];
  const query = (i: number) => async (): Promise<number> => {
    most = Math.max(most, ++running);
    order.push(i);
    await pause(1);
    running--;
    return i;
  };
  const all = Array.from({ length: 68 }, (_, i) => slots.run(query(i)));
  await expect(slots.run(query(68))).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
  expect(await Promise.all(all)).toEqual(Array.from({ length: 68 }, (_, i) => i));
  expect(order).toEqual(Array.from({ length: 68 }, (_, i) => i));
  expect(most).toBe(4);
});

test('a query that fails leaves its place to the next', async () => {
  const slots = new QuerySlots();
  const failing = Array.from({ length: 10 }, () => slots.run(() => Promise.reject(new Error('no'))));
  expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
  expect(await slots.run(() => Promise.resolve(1))).toBe(1);
});
