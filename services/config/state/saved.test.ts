import { mkdir, mkdtemp, readdir, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetStore } from './fleet-store';
import { Saved } from './saved';
import type { Former } from './saved-file';
import { fileAt, filesIn } from './storage';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-saved-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const add = (word: string) => (state: readonly string[]) => ({ next: [...state, word], result: word });

test('a disk that fails is trouble until something is saved again', async () => {
  const gone = join(folder, 'gone');
  const saved = new Saved<readonly string[]>(fileAt(join(gone, 'state')), [], JSON.stringify);
  await saved.check();
  expect(saved.trouble).toContain('the state folder cannot be written');
  await expect(saved.change(add('a'))).rejects.toThrow('ENOENT');
  expect([saved.trouble, saved.state]).toEqual([expect.stringContaining('cannot be saved'), []]);
  await (await import('node:fs/promises')).mkdir(gone);
  expect(await saved.change(add('b'))).toBe('b');
  expect([saved.trouble, await readFile(join(gone, 'state'), 'utf8')]).toEqual([undefined, '["b"]']);
  await saved.check();
  expect(saved.trouble).toBeUndefined();
});

test('a change that throws is not kept, and those beside it are', async () => {
  const saved = new Saved<readonly string[]>(fileAt(join(folder, 'state')), [], JSON.stringify);
  const refused = saved.change(() => {
    throw new Error('no');
  });
  const [a, b] = [saved.change(add('a')), saved.change(add('b'))];
  await expect(refused).rejects.toThrow('no');
  await Promise.all([a, b]);
  expect(saved.state).toEqual(['a', 'b']);
});

test.each(['', '{}', '{"version":0,"nodes":[],"tokens":[]}', '{"version":1,"nodes":[{}],"tokens":[]}'])(
  'a file of the fleet that holds %j is not taken for an empty one',
  async (text) => {
    await writeFile(join(folder, 'fleet.json'), text);
    await expect(FleetStore.open(await filesIn(folder))).rejects.toThrow(/fleet.json is damaged/);
  },
);

test('a file of the fleet of a newer release is refused, and never called damaged', async () => {
  await writeFile(join(folder, 'fleet.json'), '{"version":2,"nodes":[],"tokens":[],"more":true}');
  const refused = FleetStore.open(await filesIn(folder));
  await expect(refused).rejects.toThrow(
    /fleet.json is of a newer release: .* understands up to 1; start the newer release/,
  );
  await expect(refused).rejects.not.toThrow('damaged');
});

const OLD = { text: 'as it was' };
const former = (): Former => ({ ...OLD, copy: fileAt(join(folder, 'state.version-1')) });

test('what an older release wrote is kept before it is replaced, once', async () => {
  const file = join(folder, 'state');
  await writeFile(file, OLD.text);
  const saved = new Saved<readonly string[]>(fileAt(file), [], JSON.stringify, former());
  await saved.check();
  expect(await readdir(folder)).toEqual(['state']);
  await saved.change(add('a'));
  expect(await readFile(former().copy.place, 'utf8')).toBe(OLD.text);
  await rm(former().copy.place);
  await saved.change(add('b'));
  expect(await readdir(folder)).toEqual(['state']);
});

test('where it cannot be kept, it is not replaced', async () => {
  const file = join(folder, 'state');
  await writeFile(file, OLD.text);
  await mkdir(former().copy.place);
  const saved = new Saved<readonly string[]>(fileAt(file), [], JSON.stringify, former());
  await expect(saved.change(add('a'))).rejects.toThrow();
  expect([saved.state, await readFile(file, 'utf8')]).toEqual([[], OLD.text]);
  expect(saved.trouble).toContain('the state cannot be saved');
  await rm(former().copy.place, { recursive: true });
  await saved.change(add('a'));
  expect([await readFile(former().copy.place, 'utf8'), await readFile(file, 'utf8')]).toEqual([
    OLD.text,
    '["a"]',
  ]);
});
