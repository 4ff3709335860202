import { Turns } from './turns';

let now = 0;

/** A task that is over when its end is called. */
function task(begun: string[], name: string): { run: () => Promise<void>; end: () => void } {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return {
    run: () => {
      begun.push(name);
      return over;
    },
    end,
  };
}

test('no more than so many run at a time, and the rest follow in order', async () => {
  const turns = new Turns(2, 1000, () => now);
  const begun: string[] = [];
  const all = ['a', 'b', 'c', 'd'].map((name) => task(begun, name));
  const taken = all.map(({ run }) => turns.take(run));
  expect(begun).toEqual(['a', 'b']);
  all[1]?.end();
  await taken[1];
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const { end } of all) end();
  await Promise.all(taken);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('what never ends gives its turn away after a while, and only once', async () => {
  const turns = new Turns(1, 1000, () => now);
  const begun: string[] = [];
  const [stuck, next, last] = ['stuck', 'next', 'last'].map((name) => task(begun, name));
  const first = turns.take(stuck!.run);
  void turns.take(next!.run);
  void turns.take(last!.run);
  now += 999;
  turns.tick();
  expect(begun).toEqual(['stuck']);
  now += 1;
  turns.tick();
  expect(begun).toEqual(['stuck', 'next']);
  // Its late end frees no second place.
  stuck!.end();
  await first;
  expect(begun).toEqual(['stuck', 'next']);
  expect(turns).toHaveLength(1);
});
