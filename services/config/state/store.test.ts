import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { ALWAYS } from '../../../common/model/predicate/predicate';
import { Store, type Draft } from './store';
import { filesIn } from './storage';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-store-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const BLANK: Instrumentation = {
  id: '0',
  module: 'syscall',
  stat: 'syscalls',
  predicate: ALWAYS,
  decomposition: [],
  fields: {},
  valueScope: 'interval',
  granularity: 1,
  retentionTime: 600,
  idleMax: 3600,
  persistData: false,
  enabled: true,
  crtime: 1,
};

const put =
  (customer?: string) =>
  (draft: Draft): string => {
    const id = draft.nextId(customer);
    const scope = customer === undefined ? {} : { customer };
    draft.put({ instrumentation: { ...BLANK, ...scope, id }, aggregator: 'a0' });
    return id;
  };

test('what was changed is there after a restart', async () => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put());
  await store.change(put('acme'));
  const again = await Store.open(await filesIn(folder));
  expect([...again.records]).toEqual([...store.records]);
  expect([...again.records.keys()]).toEqual(['global;1', 'cust:acme;1']);
});

test('an id is never given twice, not even after its owner was deleted and the service restarted', async () => {
  const store = await Store.open(await filesIn(folder));
  expect(await store.change(put())).toBe('1');
  expect(await store.change(put())).toBe('2');
  await store.change((draft) => {
    draft.delete('global;2');
  });
  const again = await Store.open(await filesIn(folder));
  expect(await again.change(put())).toBe('3');
});

test('changes that come together are written together and get ids of their own', async () => {
  const store = await Store.open(await filesIn(folder));
  const ids = await Promise.all(Array.from({ length: 50 }, () => store.change(put())));
  expect(new Set(ids).size).toBe(50);
  expect((await Store.open(await filesIn(folder))).records.size).toBe(50);
});

test('a change made when the previous one has just ended is not forgotten', async () => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put()).then(() => store.change(put()));
  await store.change(() => undefined).then(() => store.change(put()));
  expect((await Store.open(await filesIn(folder))).records.size).toBe(3);
});

test('a change that throws rejects alone and leaves nothing behind', async () => {
  const store = await Store.open(await filesIn(folder));
  const [good, bad, after] = await Promise.allSettled([
    store.change(put()),
    store.change((draft) => {
      put()(draft);
      throw new Error('no');
    }),
    store.change(put()),
  ]);
  expect([good.status, bad.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([...store.records.keys()]).toEqual(['global;1', 'global;2']);
});

test('when the disk refuses, the change is refused and nobody ever sees it', async () => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put());
  await rm(folder, { recursive: true });
  await expect(store.change(put())).rejects.toThrow('ENOENT');
  expect([...store.records.keys()]).toEqual(['global;1']);
});

test.each([
  ['cut off', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['of a version that never was', (text: string) => text.replace('"version":1', '"version":0')],
  ['whose version is a word', (text: string) => text.replace('"version":1', '"version":"3"')],
  [
    'with a predicate that is none',
    (text: string) => text.replace('"predicate":{}', '"predicate":{"xx":[]}'),
  ],
])('a state file %s is an error that names it, never an empty start', async (_name, damage) => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put());
  const file = join(folder, 'state.json');
  await writeFile(file, damage(await readFile(file, 'utf8')));
  await expect(Store.open(await filesIn(folder))).rejects.toThrow(`${file} is damaged`);
});

test('a temporary file left by a crash does no harm', async () => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put());
  await writeFile(join(folder, 'state.json.new'), '{"half');
  expect((await Store.open(await filesIn(folder))).records.size).toBe(1);
  await (await Store.open(await filesIn(folder))).change(put());
  expect(await readdir(folder)).toEqual(['state.json']);
});

test.each([3, 2 ** 40])(
  'a state file of version %i is a newer release’s, never damaged, and stays as it is',
  async (version) => {
    const file = join(folder, 'state.json');
    const text = JSON.stringify({ version, everything: 'is different' });
    await writeFile(file, text);
    const refused = Store.open(await filesIn(folder));
    await expect(refused).rejects.toThrow(
      `${file} is of a newer release: it has version ${version}, and this one understands up to 1; start the newer release, or put ` +
        `${file}.version-1 in its place`,
    );
    await expect(refused).rejects.not.toThrow('damaged');
    expect(await readFile(file, 'utf8')).toBe(text);
  },
);

test('a file that held boards, too, is divided: questions as the release before writes them, boards beside', async () => {
  const store = await Store.open(await filesIn(folder));
  await store.change(put());
  const file = join(folder, 'state.json');
  const one = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const board = { id: '4', revision: 2, changed: 9, board: { name: 'b', variables: [], panels: [] } };
  await writeFile(file, JSON.stringify({ ...one, version: 2, lastBoardIds: [[null, 5]], boards: [board] }));
  const newer = await Store.open(await filesIn(folder));
  expect([newer.records.size, [...newer.boards.all]]).toEqual([1, [['global;4', board]]]);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(one);
  expect(await newer.boards.change((draft) => draft.nextId(undefined))).toBe('6');
  expect((await readdir(folder)).sort()).toEqual(['boards.json', 'state.json']);
});

test('a file that is refused is the operator’s to put right: it ends the service for good', async () => {
  await writeFile(join(folder, 'boards.json'), '{"version":9}');
  await expect(Store.open(await filesIn(folder))).rejects.toMatchObject({ code: 'INVALID' });
});
