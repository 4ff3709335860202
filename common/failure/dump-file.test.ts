/* Dumps on disk: whole, private, and bounded in number. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DUMP_BYTES, DUMPS_KEPT, writeDump } from './dump-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dumps-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a dump is one whole file that only its owner may read, and hostile names do not escape the folder', () => {
  const { file, bytes } = writeDump(join(folder, 'new'), '../../x', 0, { a: 1 });
  expect(file.startsWith(join(folder, 'new', '.._.._x-19700101T000000.000Z-'))).toBe(true);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: 1 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
  expect(statSync(file).size).toBe(bytes);
});

test('only the newest are kept', () => {
  for (let i = 0; i < DUMPS_KEPT + 5; i++) writeDump(folder, 'x', 1000 * i, { i });
  expect(readdirSync(folder)).toHaveLength(DUMPS_KEPT);
  expect(readdirSync(folder).some((name) => name.includes('T000000.'))).toBe(false);
});

test('a dump that is too large loses its last parts', () => {
  const { file, bytes } = writeDump(folder, 'x', 0, { reason: 'r', report: 'y'.repeat(DUMP_BYTES) });
  expect(bytes).toBeLessThan(1000);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ reason: 'r', report: '(too large for one dump)' });
});

test('a disk error is thrown to the caller, and no partial file stays', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeDump(join(folder, 'file'), 'x', 0, {})).toThrow();
  mkdirSync(join(folder, 'd'));
  expect(readdirSync(join(folder, 'd'))).toEqual([]);
});
