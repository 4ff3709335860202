import { budgetOf, budgetText, settingFor } from './budget';

test.each([
  [undefined, 1, 5, 'a small machine may spend 5 % of a core'],
  [undefined, 4, 5, 'so may one of 4'],
  [undefined, 64, 64, 'a large one 1 % of all'],
  [2, 64, 128, 'what is set is percent of the machine'],
  [0.5, 2, 1, 'also below the default'],
])('set to %s on %d CPUs it is %d %% of a core: %s', (setting, cpus, ofCore, _why) => {
  expect(budgetOf(setting, cpus).ofCore).toBe(ofCore);
});

test('it is said in percent of a core, and the setting that would do in percent of the machine', () => {
  expect(budgetText(budgetOf(undefined, 2))).toBe('5 % of a core (of 2)');
  expect(settingFor(7, budgetOf(undefined, 2))).toBe('5.3');
  expect(settingFor(7, budgetOf(undefined, 64))).toBe('0.2');
  for (const [cost, cpus] of [
    [7, 2],
    [0.3, 64],
    [250, 4],
  ] as const) {
    const budget = budgetOf(Number(settingFor(cost, budgetOf(undefined, cpus))), cpus);
    expect(budget.ofCore).toBeGreaterThanOrEqual(cost);
  }
});
