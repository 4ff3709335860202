import { Echo } from './echo';

const setUp = (): { clock: { time: number; now: () => number }; echo: Echo } => {
  const clock = { time: 1_000_000, now: () => clock.time };
  return { clock, echo: new Echo(clock, ['up', 'values']) };
};

test('a message that comes back proves that its way worked when it was sent', () => {
  const { clock, echo } = setUp();
  const id = echo.next('up');
  clock.time += 300;
  expect(echo.came('up', id)).toBe(true);
  expect(echo.echoedAt('up')).toBe(1_000_000);
  expect(echo.lateMs('up')).toBe(300);
  clock.time += 5000;
  expect(echo.worst).toEqual({ key: 'up', ms: 5300 });
});

test('an id that was not sent, was sent another way, or already came back, is ignored', () => {
  const { echo } = setUp();
  const id = echo.next('up');
  for (const [key, stranger] of [
    ['up', 'guess'],
    ['values', id],
    ['nowhere', id],
  ] as const)
    expect(echo.came(key, stranger)).toBe(false);
  expect(echo.came('up', id)).toBe(true);
  expect(echo.came('up', id)).toBe(false);
});

test('one working way says nothing about another', () => {
  const { clock, echo } = setUp();
  for (let i = 0; i < 10; i++) {
    echo.next('values');
    echo.came('up', echo.next('up'));
    clock.time += 1000;
  }
  expect(echo.worst).toEqual({ key: 'values', ms: 10_000 });
  echo.unable();
  expect(echo.worst?.ms).toBe(0);
});

test('messages that never come back are forgotten: memory stays bounded', () => {
  const { echo } = setUp();
  const first = echo.next('up');
  for (let i = 0; i < 10_000; i++) echo.next('up');
  expect(echo.came('up', first)).toBe(false);
});
