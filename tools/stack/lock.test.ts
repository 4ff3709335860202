import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from './lock';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ca-lock-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Stands in this process's own command line. */
const US = 'jest';

test('a folder in use is refused with who has it; released it is free again', () => {
  const release = lockFolder(home, US);
  expect(() => lockFolder(home, US)).toThrow(
    `another deployment (process ${process.pid}) uses ${home}; fix: `,
  );
  release();
  expect(existsSync(join(home, 'lock'))).toBe(false);
  lockFolder(home, US)();
});

test.each([
  ['nothing, as after a power failure', ''],
  ['zeros, as after a power failure', '\0\0\0\0'],
  ['a process that is gone', '2147483646'],
  ['a number that another program has by now', String(process.ppid)],
])('a file left behind holds nobody up: %s', (_what, text) => {
  writeFileSync(join(home, 'lock'), text);
  lockFolder(home, 'no such program')();
});
