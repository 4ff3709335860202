import { Seldom } from './seldom';

test('frequent events are logged up to the limit, with the number that was skipped', () => {
  const clock = { time: 0, now: () => clock.time };
  const seldom = new Seldom(clock, 2);
  const said = (times: number): (number | undefined)[] =>
    Array.from({ length: times }, () => seldom.occasion('x'));
  expect(said(5)).toEqual([0, 0, undefined, undefined, undefined]);
  clock.time = 60_000;
  expect(said(3)).toEqual([3, 0, undefined]);
});

test('made-up kinds get at most 100 lines, and all further ones share one', () => {
  const clock = { time: 0, now: () => clock.time };
  const seldom = new Seldom(clock);
  const said = Array.from({ length: 100_000 }, (_, i) => seldom.occasion(`kind ${i}`)).filter(
    (passedOver) => passedOver !== undefined,
  );
  expect(said.length).toBeLessThanOrEqual(101);
  clock.time = 60_000;
  expect(seldom.occasion('another')).toBe(0);
});
