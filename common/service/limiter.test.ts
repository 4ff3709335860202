import { setTimeout as pause } from 'node:timers/promises';
import { Limiter } from './limiter';

const HERE = { gone: new AbortController().signal };

describe('a limiter whose clients wait', () => {
  const line = (): Limiter => new Limiter({ atATime: 2, waiting: 3, waitMs: 60_000 });

  test('two enter, three wait in order, the rest are refused at once', async () => {
    const l = line();
    await l.enter(HERE);
    await l.enter(HERE);
    const order: number[] = [];
    const waiting = [0, 1, 2].map((i) => l.enter(HERE).then(() => order.push(i)));
    expect([l.running, l.waiting, l.full]).toEqual([2, 3, true]);
    await expect(l.enter(HERE)).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
    for (let i = 0; i < 3; i++) l.leave();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2]);
    expect([l.running, l.waiting]).toEqual([2, 0]);
    l.leave();
    l.leave();
    expect(l.running).toBe(0);
  });

  test('the signal of who enters at once is not read: creating it is costly', async () => {
    const l = line();
    let reads = 0;
    const who = {
      get gone() {
        reads++;
        return HERE.gone;
      },
    };
    await l.enter(who);
    await l.enter(who);
    expect(reads).toBe(0);
    const waiting = l.enter(who);
    expect(reads).toBe(1);
    l.leave();
    await waiting;
  });

  test('a client that goes away makes room, and takes no place', async () => {
    const l = line();
    await l.enter(HERE);
    await l.enter(HERE);
    const client = new AbortController();
    const gone = l.enter({ gone: client.signal });
    const next = l.enter(HERE);
    client.abort();
    await expect(gone).rejects.toThrow('went away');
    expect(l.waiting).toBe(1);
    l.leave();
    await next;
    expect([l.running, l.waiting]).toEqual([2, 0]);
  });

  test('no client waits longer than the limit', async () => {
    const l = new Limiter({ atATime: 1, waiting: 1, waitMs: 20 });
    await l.enter(HERE);
    await expect(l.enter(HERE)).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
    expect(l.waiting).toBe(0);
  });
});

test('four run at a time, 64 wait in order, and more are refused with a time to retry', async () => {
  const slots = new Limiter({ atATime: 4, waiting: 64 });
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

test('work that fails frees its place', async () => {
  const slots = new Limiter({ atATime: 4, waiting: 64 });
  const failing = Array.from({ length: 10 }, () => slots.run(() => Promise.reject(new Error('no'))));
  expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
  expect(await slots.run(() => Promise.resolve(1))).toBe(1);
});

test('without waiting, a client gets a place at once or none', () => {
  const limiter = new Limiter({ atATime: 1 });
  expect([limiter.tryEnter(), limiter.tryEnter(), limiter.full]).toEqual([true, false, true]);
  limiter.leave();
  expect([limiter.full, limiter.tryEnter()]).toEqual([false, true]);
});
