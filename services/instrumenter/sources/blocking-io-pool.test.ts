import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LateError, BlockingIoPool, readStart } from './blocking-io-pool';
import { Commands, GONE } from './bpf/kernel/commands';

/** Work that ends on command. */
function work<T>(result: T): { begun: boolean; end: () => void; run: () => Promise<T> } {
  let end: () => void = () => undefined;
  const made = {
    begun: false,
    end: () => end(),
    run: () => {
      made.begun = true;
      return new Promise<T>((resolve) => (end = () => resolve(result)));
    },
  };
  return made;
}

test('what hangs is given up, holds its slot until it ends, and is not tried again meanwhile', async () => {
  const pool = new BlockingIoPool(2);
  const hanging = work('late');
  const late: string[] = [];
  await expect(pool.wait('a', 5, hanging.run, { tooLate: (result) => late.push(result) })).rejects.toThrow(
    LateError,
  );
  expect(pool.stuck).toBe(1);
  const again = work('');
  await expect(pool.wait('a', 5, again.run)).rejects.toThrow('a does not answer in time');
  expect(again.begun).toBe(false);
  expect(await pool.wait('b', 10_000, () => Promise.resolve('b'))).toBe('b');
  hanging.end();
  await new Promise(setImmediate);
  expect([late, pool.stuck]).toEqual([['late'], 0]);
  expect(await pool.wait('a', 10_000, () => Promise.resolve('now'))).toBe('now');
});

test('when every slot hangs others are refused at once: no thread is left to pile up in', async () => {
  const pool = new BlockingIoPool(2);
  const hanging = [work(1), work(2)];
  const waits = hanging.map((one, i) => pool.wait(`h${i}`, 5, one.run));
  const queued = work(3);
  const third = pool.wait('third', 5, queued.run);
  for (const wait of [...waits, third]) await expect(wait).rejects.toThrow(LateError);
  const next = work(4);
  await expect(pool.wait('next', 10_000, next.run)).rejects.toThrow(LateError);
  for (const one of hanging) one.end();
  await new Promise(setImmediate);
  expect([pool.stuck, queued.begun, next.begun]).toEqual([0, false, false]);
  expect(await pool.wait('next', 10_000, () => Promise.resolve(5))).toBe(5);
});

/** Waits until slow work has been put aside. */
const aside = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40));

test('one user holds one slot, however much of his hangs; users together hold some, and the machine’s own goes on', async () => {
  const pool = new BlockingIoPool(4, 2);
  const wait = (name: string, owner: string | undefined, run: () => Promise<unknown>): Promise<unknown> =>
    pool.wait(name, 200, run, { ownerOf: () => owner });
  const [first, second, third, fourth] = [work(1), work(2), work(3), work(4)];
  const hanging = [first, second, third, fourth];
  const waits = [wait('a', 'user 1', first.run)];
  await aside();
  waits.push(wait('b', 'user 1', second.run), wait('c', 'user 2', third.run));
  await aside();
  waits.push(wait('d', 'user 3', fourth.run));
  await aside();
  expect(hanging.map(({ begun }) => begun)).toEqual([true, false, true, false]);
  for (const name of ['e', 'f', 'g']) {
    expect(await wait(name, undefined, () => Promise.resolve(name))).toBe(name);
  }
  for (const one of waits) await expect(one).rejects.toThrow(LateError);
  expect(pool.shortfall()).toBe('reads are held up by user 1, user 2');
  const asked = performance.now();
  await expect(wait('h', 'user 1', () => Promise.resolve())).rejects.toThrow(LateError);
  await expect(wait('i', 'user 3', () => Promise.resolve())).rejects.toThrow(LateError);
  expect(performance.now() - asked).toBeLessThan(100);
  for (const one of hanging) one.end();
  await new Promise(setImmediate);
  expect(pool.shortfall()).toBeUndefined();
  expect(await wait('h', 'user 1', () => Promise.resolve('now'))).toBe('now');
});

test('thousands that wait behind what hangs are refused without taking the stack down', async () => {
  const pool = new BlockingIoPool(3, 1);
  const hanging = work(1);
  const first = pool.wait('first', 60, hanging.run, { ownerOf: () => 'user 1' });
  await aside();
  const others = Array.from({ length: 20_000 }, (_, i) =>
    pool.wait(`${i}`, 60_000, () => Promise.resolve(), { ownerOf: () => 'user 1' }).catch(() => 'refused'),
  );
  await expect(first).rejects.toThrow(LateError);
  expect(new Set(await Promise.all(others))).toEqual(new Set(['refused']));
  hanging.end();
});

test('a failure is passed on, and frees its slot', async () => {
  const pool = new BlockingIoPool(1);
  await expect(pool.wait('a', 10_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await pool.wait('a', 10_000, () => Promise.resolve('yes'))).toBe('yes');
});

test('the beginning of a file is read, as far as asked; a pipe that nobody writes to is no wait', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-start-'));
  try {
    const pool = new BlockingIoPool(1);
    const path = join(folder, 'file');
    writeFileSync(path, 'x'.repeat(100_000));
    expect(await readStart(pool, path, 70_000)).toHaveLength(70_000);
    expect(await readStart(pool, path, 1_000_000)).toHaveLength(100_000);
    if (spawnSync('mkfifo', [join(folder, 'pipe')]).status === 0) {
      expect(await readStart(pool, join(folder, 'pipe'), 10)).toHaveLength(0);
    }
    await expect(readStart(pool, '/dev/null/x', 10)).rejects.toThrow('ENOTDIR');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one process whose arguments do not come costs the others nothing but a moment', async () => {
  const pool = new BlockingIoPool(2);
  const commands = new Commands((process) =>
    process === 7n
      ? pool.wait('7', 300, () => new Promise(() => undefined))
      : pool.wait(String(process), 10_000, () => Promise.resolve(Buffer.from('a\0b\0'))),
  );
  const named = await commands.meet([5n, 7n, 9n]);
  expect([5n, 7n, 9n].map((process) => named.nameOf(process))).toEqual(['a b', GONE, 'a b']);
});
