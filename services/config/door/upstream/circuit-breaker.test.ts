import { CircuitBreaker } from './circuit-breaker';

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

  test('a failure triggers a probe; one probe at a time; success closes the breaker', async () => {
    rotation.failed();
    rotation.doubt();
    rotation.doubt();
    expect([probes.length, rotation.out]).toEqual([1, false]);
    probes[0]?.alive();
    await settled();
    expect([rotation.out, changes]).toEqual([false, []]);
    // The last success was a moment ago: no new probe.
    for (let i = 0; i < 100; i++) rotation.doubt();
    expect(probes.length).toBe(1);
    jest.advanceTimersByTime(101);
    rotation.doubt();
    expect(probes.length).toBe(2);
  });

  test('a few consecutive failures open it without waiting for the probe', () => {
    for (let i = 0; i < 3; i++) rotation.failed();
    expect([rotation.out, changes, probes.length]).toEqual([true, [true], 1]);
  });

  test('while open, it is probed at growing intervals until it answers', async () => {
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

  test('without requests there are no probes', async () => {
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
