import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetStore } from './fleet-store';
import { Saved } from './saved';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-saved-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const add = (word: string) => (state: readonly string[]) => ({ next: [...state, word], result: word });

test('a disk that fails is trouble until something is saved again', async () => {
  const gone = join(folder, 'gone');
  const saved = new Saved<readonly string[]>(join(gone, 'state'), [], JSON.stringify);
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
  const saved = new Saved<readonly string[]>(join(folder, 'state'), [], JSON.stringify);
  const refused = saved.change(() => {
    throw new Error('no');
  });
  const [a, b] = [saved.change(add('a')), saved.change(add('b'))];
  await expect(refused).rejects.toThrow('no');
  await Promise.all([a, b]);
  expect(saved.state).toEqual(['a', 'b']);
});

test.each(['', '{}', '{"version":2,"nodes":[],"tokens":[]}', '{"version":1,"nodes":[{}],"tokens":[]}'])(
  'a file of the fleet that holds %j is not taken for an empty one',
  async (text) => {
    await writeFile(join(folder, 'fleet.json'), text);
    await expect(FleetStore.open(folder)).rejects.toThrow(/fleet.json is damaged or of another version/);
  },
);
