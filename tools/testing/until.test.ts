import { Hopeless, until } from './until';

test('a question is asked again until it has an answer, and what was wrong last is said at the limit', async () => {
  let asked = 0;
  expect(await until('the third', 60_000, () => (++asked === 3 ? asked : undefined), 1)).toBe(3);
  const never = until('luck', 20, () => Promise.reject(new Error('not today')), 1);
  await expect(never).rejects.toThrow('luck: not within 20 ms (not today)');
});

test('what is hopeless is not asked again', async () => {
  let asked = 0;
  const ended = until('life', 60_000, () => {
    asked++;
    throw new Hopeless('it ended');
  });
  await expect(ended).rejects.toThrow('it ended');
  expect(asked).toBe(1);
});
