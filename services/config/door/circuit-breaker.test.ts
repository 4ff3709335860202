import { AdmissionQueue } from './admission-queue';
import { CircuitBreaker } from './circuit-breaker';

const HERE = { gone: new AbortController().signal };

describe('a line', () => {
  const line = (): AdmissionQueue => new AdmissionQueue({ width: 2, length: 3, patienceMs: 60_000 });

  test('lets so many in, the next wait in order, the rest is refused at once', async () => {
    const l = line();
    await l.enter(HERE);
    await l.enter(HERE);
    const order: number[] = [];
    const waiting = [0, 1, 2].map((i) => l.enter(HERE).then(() => order.push(i)));
    expect([l.running, l.length, l.full]).toEqual([2, 3, true]);
    await expect(l.enter(HERE)).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
    for (let i = 0; i < 3; i++) l.leave();
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2]);
    expect([l.running, l.length]).toEqual([2, 0]);
    l.leave();
    l.leave();
    expect(l.running).toBe(0);
  });

  test('whoever goes away makes room, and takes no place', async () => {
    const l = line();
    await l.enter(HERE);
    await l.enter(HERE);
    const client = new AbortController();
    const gone = l.enter({ gone: client.signal });
    const next = l.enter(HERE);
    client.abort();
    await expect(gone).rejects.toThrow('went away');
    expect(l.length).toBe(1);
    l.leave();
    await next;
    expect([l.running, l.length]).toEqual([2, 0]);
  });

  test('nobody waits longer than it takes patience for', async () => {
    const l = new AdmissionQueue({ width: 1, length: 1, patienceMs: 20 });
    await l.enter(HERE);
    await expect(l.enter(HERE)).rejects.toMatchObject({ code: 'NO_RESOURCE', retryAfter: 1 });
    expect(l.length).toBe(0);
  });
});

describe('rotation', () => {
  interface Probe {
    readonly alive: () => void;
    readonly dead: () => void;
  }
  let probes: Probe[];
  let changes: boolean[];
  let rotation: CircuitBreaker;
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    probes = [];
    changes = [];
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    rotation = new CircuitBreaker({
      probe: () =>
        new Promise((resolve, reject) => {
          probes.push({ alive: resolve, dead: () => reject(new Error('dead')) });
        }),
      failuresMax: 3,
      pauseMs: 100,
      pauseMsMax: 400,
      changed: (out) => changes.push(out),
    });
  });
  afterEach(() => {
    rotation.close();
    jest.useRealTimers();
  });

  test('a failure is a doubt; one question at a time; an answer ends it', async () => {
    rotation.failed();
    rotation.doubt();
    rotation.doubt();
    expect([probes.length, rotation.out]).toEqual([1, false]);
    probes[0]?.alive();
    await settled();
    expect([rotation.out, changes]).toEqual([false, []]);
    // That was a moment ago: nobody asks again.
    for (let i = 0; i < 100; i++) rotation.doubt();
    expect(probes.length).toBe(1);
    jest.advanceTimersByTime(101);
    rotation.doubt();
    expect(probes.length).toBe(2);
  });

  test('a few failures in a row are enough, without waiting for the answer', () => {
    for (let i = 0; i < 3; i++) rotation.failed();
    expect([rotation.out, changes, probes.length]).toEqual([true, [true], 1]);
  });

  test('out, it is asked again with growing pauses until it answers', async () => {
    rotation.doubt();
    probes[0]?.dead();
    await settled();
    expect(rotation.out).toBe(true);
    for (const pause of [100, 200, 400, 400]) {
      rotation.wanted();
      const before = probes.length;
      jest.advanceTimersByTime(pause - 1);
      expect(probes.length).toBe(before);
      jest.advanceTimersByTime(1);
      expect(probes.length).toBe(before + 1);
      probes.at(-1)?.dead();
      await settled();
    }
    rotation.wanted();
    jest.advanceTimersByTime(400);
    probes.at(-1)?.alive();
    await settled();
    expect([rotation.out, changes]).toEqual([false, [true, false]]);
  });

  test('nobody wants anything of it: nobody asks', async () => {
    rotation.doubt();
    probes[0]?.dead();
    await settled();
    jest.advanceTimersByTime(100);
    probes[1]?.dead();
    await settled();
    jest.advanceTimersByTime(60_000);
    expect(probes.length).toBe(2);
    rotation.wanted();
    expect(probes.length).toBe(3);
  });
});
