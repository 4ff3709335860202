import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LateError, Patience, readStart } from './blocking-io-pool';
import { Commands, GONE } from './bpf/kernel/commands';

/** Work that ends when it is told to. */
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
  const patience = new Patience(2);
  const hanging = work('late');
  const late: string[] = [];
  await expect(patience.wait('a', 5, hanging.run, (result) => late.push(result))).rejects.toThrow(LateError);
  expect(patience.stuck).toBe(1);
  const again = work('');
  await expect(patience.wait('a', 5, again.run)).rejects.toThrow('a does not answer in time');
  expect(again.begun).toBe(false);
  expect(await patience.wait('b', 10_000, () => Promise.resolve('b'))).toBe('b');
  hanging.end();
  await new Promise(setImmediate);
  expect([late, patience.stuck]).toEqual([['late'], 0]);
  expect(await patience.wait('a', 10_000, () => Promise.resolve('now'))).toBe('now');
});

test('when every slot hangs others are refused at once: no thread is left to pile up in', async () => {
  const patience = new Patience(2);
  const hanging = [work(1), work(2)];
  const waits = hanging.map((one, i) => patience.wait(`h${i}`, 5, one.run));
  const queued = work(3);
  const third = patience.wait('third', 5, queued.run);
  for (const wait of [...waits, third]) await expect(wait).rejects.toThrow(LateError);
  const next = work(4);
  await expect(patience.wait('next', 10_000, next.run)).rejects.toThrow(LateError);
  for (const one of hanging) one.end();
  await new Promise(setImmediate);
  expect([patience.stuck, queued.begun, next.begun]).toEqual([0, false, false]);
  expect(await patience.wait('next', 10_000, () => Promise.resolve(5))).toBe(5);
});

test('a failure is passed on, and frees its slot', async () => {
  const patience = new Patience(1);
  await expect(patience.wait('a', 10_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await patience.wait('a', 10_000, () => Promise.resolve('yes'))).toBe('yes');
});

test('the beginning of a file is read, as far as asked; a pipe that nobody writes to is no wait', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-start-'));
  try {
    const patience = new Patience(1);
    const path = join(folder, 'file');
    writeFileSync(path, 'x'.repeat(100_000));
    expect(await readStart(patience, path, 70_000)).toHaveLength(70_000);
    expect(await readStart(patience, path, 1_000_000)).toHaveLength(100_000);
    if (spawnSync('mkfifo', [join(folder, 'pipe')]).status === 0) {
      expect(await readStart(patience, join(folder, 'pipe'), 10)).toHaveLength(0);
    }
    await expect(readStart(patience, '/dev/null/x', 10)).rejects.toThrow('ENOTDIR');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one process whose arguments do not come costs the others nothing but a moment', async () => {
  const patience = new Patience(2);
  const commands = new Commands((path) =>
    path === '/proc/7/cmdline'
      ? patience.wait(path, 300, () => new Promise(() => undefined))
      : patience.wait(path, 10_000, () => Promise.resolve(Buffer.from('a\0b\0'))),
  );
  const named = await commands.meet([5n, 7n, 9n]);
  expect([5n, 7n, 9n].map((process) => named.nameOf(process))).toEqual(['a b', GONE, 'a b']);
});
