import type { Clock } from '../../../common/service/clock';
import { SILENT } from '../../../common/service/log';
import { ASK_EVERY_MS, Clocks } from './clocks';

const NOW = 1_700_000_000_000;

function setUp() {
  const state = { now: NOW, offset: 0, asked: 0, tookMs: 4 };
  const clock: Clock = { now: () => state.now, everySecond: () => () => undefined };
  const clocks = new Clocks({
    clock,
    log: SILENT,
    time: () => {
      state.asked++;
      state.now += state.tookMs / 2;
      const theirs = state.now + state.offset;
      state.now += state.tookMs / 2;
      return Promise.resolve(theirs);
    },
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      state.now += 1000;
      clocks.heard('n', state.now + state.offset);
      clocks.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { state, clocks, pass };
}

test.each([
  [5000, -5],
  [-5000, 5],
  [4400, -4],
  [1600, -2],
  [700, 0],
  [-700, 0],
])('a clock that is off by %d ms is shifted by %d s before its first value', async (offset, shift) => {
  const { state, clocks, pass } = setUp();
  state.offset = offset;
  clocks.expect(['n']);
  await pass(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(clocks.toOurs('n', 100, 1)).toBe(100 + shift);
  expect(clocks.toTheirs('n', 100 + shift, 1)).toBe(100);
  expect(clocks.off.map(({ shiftSeconds }) => shiftSeconds)).toEqual(shift === 0 ? [] : [shift]);
});

test('a steady clock is asked rarely, and a late message does not cast doubt on it', async () => {
  const { state, clocks, pass } = setUp();
  state.offset = 3000;
  await pass(30);
  expect(state.asked).toBe(1);
  clocks.heard('n', state.now + state.offset);
  state.now += 8000; // the broker was slow
  clocks.heard('n', state.now + state.offset - 7000);
  await pass(3);
  expect([state.asked, clocks.toOurs('n', 100, 1)]).toEqual([1, 97]);
  await pass(2 * (ASK_EVERY_MS / 1000));
  expect(state.asked).toBe(3);
});

test.each([2000, -2000])(
  'a jump by %d ms is noticed from messages, confirmed, reported and corrected',
  async (jump) => {
    const { state, clocks, pass } = setUp();
    await pass(5);
    state.offset = jump;
    await pass(6);
    expect(clocks.toOurs('n', 100, 1)).toBe(100 - jump / 1000);
    expect(clocks.off).toMatchObject([{ node: 'n', jumps: 1 }]);
    expect(clocks.jumpedLately('n')).toBe(true);
  },
);

test('a slow answer changes nothing', async () => {
  const { state, clocks, pass } = setUp();
  state.tookMs = 5000;
  state.offset = 3000;
  await pass(10);
  expect(clocks.toOurs('n', 100, 1)).toBe(100);
  expect(clocks.off).toEqual([]);
});

test('an offset at the edge does not make the shift flap', async () => {
  const { state, clocks, pass } = setUp();
  state.offset = 1600;
  await pass(5);
  for (const offset of [1400, 1600, 1450, 1300]) {
    state.offset = offset;
    await pass(ASK_EVERY_MS / 1000 + 5);
    expect(clocks.toOurs('n', 100, 1)).toBe(98);
  }
});

test('periods of 5 s stay on their grid, and toTheirs reverses toOurs', async () => {
  for (const offset of [-7000, -3000, -2000, 2000, 3000, 6000]) {
    const { state, clocks, pass } = setUp();
    state.offset = offset;
    await pass(2);
    const ours = clocks.toOurs('n', 1000, 5);
    expect(ours % 5).toBe(0);
    expect(Math.abs(ours - (1000 - offset / 1000))).toBeLessThan(2.6);
    expect(clocks.toTheirs('n', ours, 5)).toBe(1000);
  }
});
