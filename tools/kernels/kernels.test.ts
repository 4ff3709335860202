import { KERNELS, shortChoice } from './kernels';

test('each day 6.1 and another kernel of this processor are tried, and each of them comes', () => {
  const days = Array.from({ length: 6 }, (_, day) => shortChoice(new Date(Date.UTC(2026, 10, 1 + day, 12))));
  for (const chosen of days) {
    expect(chosen).toHaveLength(2);
    expect(chosen.map(({ name }) => name)).toContain('6.1');
    expect(chosen.every(({ architecture }) => architecture === 'amd64')).toBe(true);
  }
  const seen = new Set(days.flatMap((chosen) => chosen.map(({ name }) => name)));
  expect([...seen].sort()).toEqual(
    KERNELS.filter(({ architecture }) => architecture === 'amd64')
      .map(({ name }) => name)
      .sort(),
  );
});
