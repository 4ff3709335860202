import { SYSTEM_CLOCK } from './clock';

beforeEach(() => {
  jest.useFakeTimers({ now: 10_400 });
});

afterEach(() => {
  jest.useRealTimers();
});

test('it ticks once at each whole second, with the second that has begun', () => {
  const ticks: number[] = [];
  const stop = SYSTEM_CLOCK.everySecond((second) => ticks.push(second));
  jest.advanceTimersByTime(599);
  expect(ticks).toEqual([]);
  jest.advanceTimersByTime(2001);
  stop();
  jest.advanceTimersByTime(5000);
  expect(ticks).toEqual([11, 12, 13]);
});

test('a tick that stops it leaves no timer behind', () => {
  const ticks: number[] = [];
  const stop = SYSTEM_CLOCK.everySecond((second) => {
    ticks.push(second);
    stop();
  });
  jest.advanceTimersByTime(3000);
  expect(ticks).toEqual([11]);
  expect(jest.getTimerCount()).toBe(0);
});
