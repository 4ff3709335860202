import { Lease, type Holder, type LeaseKeeper } from './lease';

const SEED = Number(process.env['CA_FUZZ_SEED'] ?? 20261201);
const TTL = 5000;

/** A keeper with a clock of its own rate, whose answers may be late or lost. */
class Keeper implements LeaseKeeper {
  row: { holder: Holder; fence: number; until: number } | undefined;
  private readonly now: () => number;
  constructor(now: () => number) {
    this.now = now;
  }
  take(holder: Holder, ttlMs: number): ReturnType<LeaseKeeper['take']> {
    if (this.row !== undefined && this.row.until > this.now())
      return Promise.resolve({ by: this.row.holder });
    this.row = { holder, fence: (this.row?.fence ?? 0) + 1, until: this.now() + ttlMs };
    return Promise.resolve({ fence: this.row.fence });
  }
  renew(fence: number, ttlMs: number): Promise<boolean> {
    if (this.row?.fence !== fence) return Promise.resolve(false);
    this.row.until = this.now() + ttlMs;
    return Promise.resolve(true);
  }
  release(fence: number): Promise<void> {
    if (this.row?.fence === fence) this.row.until = this.now();
    return Promise.resolve();
  }
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test(`two holders are never valid at once, whatever is late, lost or frozen (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  let now = 0;
  let takeovers = 0;
  const inner = new Keeper(() => now * 1.02); // its clock runs 2 % fast
  /** A request takes time, and its answer or itself may be lost. */
  const unsteady = (name: 'take' | 'renew'): never =>
    (async (...args: [never, never]) => {
      now += random() * 300;
      if (random() < 0.1) throw new Error('the request was lost');
      const answer = await inner[name](...args);
      now += random() < 0.05 ? random() * 9000 : random() * 300; // late, or the process was frozen meanwhile
      if (random() < 0.1) throw new Error('the answer was lost');
      return answer;
    }) as never;
  const keeper: LeaseKeeper = {
    take: unsteady('take'),
    renew: unsteady('renew'),
    release: (f) => inner.release(f),
  };
  const born = (id: number): Lease =>
    new Lease(keeper, { id: String(id), address: 'http://x' }, () => now, TTL);
  let id = 2;
  const pair = [born(0), born(1)];
  let greatest = 0;
  for (let step = 0; step < 20_000; step++) {
    now += random() * 1000;
    const which = Math.floor(random() * 2);
    // A frozen one does not beat.
    if (random() < 0.9) await pair[which]?.beat();
    const valid = pair.filter((one) => one.isValid);
    expect(valid.length).toBeLessThanOrEqual(1);
    const fence = valid[0]?.fence ?? greatest;
    expect(fence).toBeGreaterThanOrEqual(greatest);
    if (fence > greatest) takeovers++;
    greatest = fence;
    if (pair[which]?.state.is === 'lost' || random() < 0.005) pair[which] = born(id++);
  }
  expect(takeovers).toBeGreaterThan(100);
});

test('one that cannot reach its keeper is not valid for longer than its lease, and goes on where it was when it can', async () => {
  let now = 0;
  let away = false;
  const inner = new Keeper(() => now);
  const keeper: LeaseKeeper = {
    take: (...args) => inner.take(...args),
    renew: (...args) => (away ? Promise.reject(new Error('away')) : inner.renew(...args)),
    release: (fence) => inner.release(fence),
  };
  const lease = new Lease(keeper, { id: 'a', address: 'http://a' }, () => now, TTL);
  expect(await lease.beat()).toEqual({ is: 'held', fence: 1 });
  away = true;
  now = 4400;
  expect(await lease.beat()).toEqual({ is: 'held', fence: 1, trouble: 'away' });
  expect(lease.isValid).toBe(true);
  now = 4500;
  expect(lease.isValid).toBe(false);
  now = 60_000;
  away = false;
  expect(await lease.beat()).toEqual({ is: 'held', fence: 1 });
  expect(lease.isValid).toBe(true);
});

test('one that was replaced meanwhile knows at its next beat, and the other has its address until then', async () => {
  let now = 0;
  const keeper = new Keeper(() => now);
  const [a, b] = ['a', 'b'].map(
    (id) => new Lease(keeper, { id, address: `http://${id}` }, () => now, TTL),
  ) as [Lease, Lease];
  await a.beat();
  expect(await b.beat()).toEqual({ is: 'waiting', active: { id: 'a', address: 'http://a' } });
  now = 5001;
  expect(await b.beat()).toEqual({ is: 'held', fence: 2 });
  expect(a.isValid).toBe(false);
  expect(await a.beat()).toEqual({ is: 'lost' });
  expect(await a.beat()).toEqual({ is: 'lost' });
});

test('at an orderly end the other takes it at once', async () => {
  const keeper = new Keeper(() => 0);
  const [a, b] = ['a', 'b'].map((id) => new Lease(keeper, { id, address: '' }, () => 0, TTL)) as [
    Lease,
    Lease,
  ];
  await a.beat();
  await a.release();
  expect(await b.beat()).toEqual({ is: 'held', fence: 2 });
});
