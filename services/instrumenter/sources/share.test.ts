import { Share } from './share';

test('what took long is not done again before it is its share; others, and the machine itself, are not held back', () => {
  const at = { ms: 0 };
  const share = new Share(0.02, () => at.ms);
  share.spend('user 1', 10);
  share.spend(undefined, 1000);
  expect([share.isSpent('user 1'), share.isSpent('user 2'), share.isSpent(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  at.ms = 499;
  expect(share.isSpent('user 1')).toBe(true);
  at.ms = 500;
  expect(share.isSpent('user 1')).toBe(false);
});
