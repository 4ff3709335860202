/* Boards: kept by scope, across restarts; hostile bodies; concurrent changes. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCustomers } from '../fleet/customers';
import { FakeBus, FakeClock } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

const CUSTOMERS = parseCustomers('{"customers":{"acme":{"hosts":["*"]},"umbrella":{"hosts":["x"]}}}');
let front: TestFront;
beforeEach(async () => {
  front = await testFront({ customers: CUSTOMERS });
});
afterEach(() => front.close());

const LIST = '/ca/boards';
const PANEL = {
  module: 'fs',
  stat: 'syncs',
  decomposition: ['execname', 'latency'],
  predicate: { and: [{ eq: ['execname', 'db'] }, { ge: ['latency', 1000] }] },
};
const BOARD = { name: 'Storage', variables: [{ field: 'hostname' }], panels: [PANEL] };

async function create(board: object | string = BOARD, path = LIST) {
  const answer = await front.ask('POST', path, board);
  return { ...answer, json: answer.json as Record<string, unknown> };
}

test('a board comes back as it was sent, with defaults, an id and a revision', async () => {
  const { status, headers, json } = await create();
  expect(status).toBe(201);
  expect(headers.get('location')).toBe('/ca/boards/1');
  expect(json).toMatchObject({ ...BOARD, panels: [{ ...PANEL, granularity: 1 }], id: '1', revision: 1 });
  expect((await front.ask('GET', '/ca/boards/1')).json).toEqual(json);
  expect((await front.ask('GET', LIST)).json).toEqual([json]);
});

test('an answered board survives a restart, and its id is never reused', async () => {
  await create();
  await create({ ...BOARD, name: 'Second' });
  expect((await front.ask('DELETE', '/ca/boards/2')).status).toBe(204);
  const { json } = await front.ask('GET', LIST);
  const again = await testFront({ folder: front.folder, bus: new FakeBus(new FakeClock()) });
  expect((await again.ask('GET', LIST)).json).toEqual(json);
  const third = await again.ask('POST', LIST, { ...BOARD, name: 'Third' });
  expect(third.json).toMatchObject({ id: '3' });
  await again.close();
});

test('a release that knows no boards and writes its own state loses none', async () => {
  const file = join(front.folder, 'config', 'state.json');
  const { json } = await create();
  await writeFile(file, '{"version":1,"lastIds":[[null,7]],"instrumentations":[]}');
  const again = await testFront({ folder: front.folder, bus: new FakeBus(new FakeClock()) });
  expect((await again.ask('GET', LIST)).json).toEqual([json]);
  expect((await again.ask('POST', LIST, { ...BOARD, name: 'Second' })).status).toBe(201);
  expect(await readFile(file, 'utf8')).toContain('"lastIds":[[null,7]]');
  await again.close();
});

test('scopes do not see each other’s boards, and names are unique within one alone', async () => {
  const acme = '/ca/customers/acme/boards';
  await create();
  expect((await create(BOARD, acme)).json).toMatchObject({ id: '1', uri: `${acme}/1` });
  await front.ask('PUT', `${acme}/1`, { ...BOARD, name: 'Mine' });
  expect((await front.ask('GET', '/ca/boards/1')).json).toMatchObject({ name: 'Storage' });
  expect((await front.ask('GET', '/ca/customers/umbrella/boards')).json).toEqual([]);
  expect((await front.ask('GET', '/ca/customers/umbrella/boards/1')).status).toBe(404);
  expect((await front.ask('DELETE', '/ca/customers/umbrella/boards/1')).status).toBe(404);
});

test('a customer without nodes or zones cannot store boards', async () => {
  expect((await front.ask('POST', '/ca/customers/nobody/boards', BOARD)).status).toBe(403);
});

test('of two changes of one revision the second is refused', async () => {
  await create();
  const first = await front.ask('PUT', '/ca/boards/1', { ...BOARD, name: 'A', revision: 1 });
  expect(first.json).toMatchObject({ name: 'A', revision: 2 });
  const second = await front.ask('PUT', '/ca/boards/1', { ...BOARD, name: 'B', revision: 1 });
  expect(second.status).toBe(409);
  expect(second.text).toContain('has revision 2 by now, not 1');
  expect((await front.ask('PUT', '/ca/boards/1', { ...BOARD, name: 'C' })).json).toMatchObject({
    revision: 3,
  });
});

test('whole objects may be sent back as they were answered', async () => {
  const { json } = await create();
  expect((await front.ask('PUT', '/ca/boards/1', json)).status).toBe(200);
});

test('a second board of one name is refused, and so is renaming to it; the error names the first', async () => {
  await create();
  const twin = await create();
  expect([twin.status, twin.json['error']]).toEqual([
    409,
    expect.objectContaining({ field: 'name', message: 'board 1 is called "Storage" already' }),
  ]);
  await create({ ...BOARD, name: 'Other' });
  expect((await front.ask('PUT', '/ca/boards/2', BOARD)).status).toBe(409);
});

test('there may be fifty, and a deleted one makes room', async () => {
  for (let i = 0; i < 50; i++) await create({ ...BOARD, name: `b${i}` });
  expect((await create()).status).toBe(409);
  expect((await create(BOARD, '/ca/customers/acme/boards')).status).toBe(201);
  await front.ask('DELETE', '/ca/boards/7');
  expect((await create()).status).toBe(201);
});

const DEEP = `{"name":"a","panels":[{"module":"a","stat":"b","predicate":${'{"and":['.repeat(5000)}{},{}${']}'.repeat(5000)}}]}`;

test.each<[string, object | string, string]>([
  ['no name', { panels: [] }, 'name'],
  ['a name of spaces', { ...BOARD, name: '  ' }, 'name'],
  ['a name that turns what follows', { ...BOARD, name: 'a\u202eb' }, 'name'],
  ['a name with a line end', { ...BOARD, name: 'a\nb' }, 'name'],
  ['a name of 81 letters', { ...BOARD, name: 'x'.repeat(81) }, 'name'],
  ['25 panels', { ...BOARD, panels: Array(25).fill(PANEL) }, 'panels'],
  ['a metric that is a path', { ...BOARD, panels: [{ ...PANEL, module: '../x' }] }, 'panels.0.module'],
  [
    'three fields',
    { ...BOARD, panels: [{ ...PANEL, decomposition: ['a', 'b', 'c'] }] },
    'panels.0.decomposition',
  ],
  [
    'a predicate that is text',
    { ...BOARD, panels: [{ ...PANEL, predicate: 'execname == 1' }] },
    'panels.0.predicate',
  ],
  [
    'an operator that is none',
    { ...BOARD, panels: [PANEL, { ...PANEL, predicate: { run: ['a', 'b'] } }] },
    'panels.1.predicate',
  ],
  [
    'one field as text and number',
    { ...BOARD, panels: [{ ...PANEL, predicate: { and: [{ eq: ['a', 'b'] }, { eq: ['a', 1] }] } }] },
    'panels.0.predicate',
  ],
  ['a predicate 5000 deep', DEEP, 'panels.0.predicate'],
  ['a granularity of 7', { ...BOARD, panels: [{ ...PANEL, granularity: 7 }] }, 'panels.0.granularity'],
  ['a property that is not known', { ...BOARD, script: 'x' }, 'script'],
  ['one variable twice', { ...BOARD, variables: [{ field: 'a' }, { field: 'a' }] }, 'variables'],
  ['a variable that is no word', { ...BOARD, variables: [{ field: 'a b' }] }, 'variables.0.field'],
  [
    'more than 16 KiB',
    { ...BOARD, panels: Array(9).fill({ ...PANEL, keys: Array(32).fill('k'.repeat(64)) }) },
    'panels',
  ],
])('%s is refused, and nothing is kept', async (_what, board, field) => {
  const { status, json } = await create(board);
  expect([400, 413]).toContain(status);
  expect(json['error']).toMatchObject({ field });
  expect((await front.ask('GET', LIST)).json).toEqual([]);
});

test.each(['0', '01', '1e0', 'x', '1;2', '9'])('there is no board %s', async (id) => {
  await create();
  expect((await front.ask('GET', `/ca/boards/${id}`)).status).toBe(404);
});

test('untrusted keys and values come back exactly', async () => {
  const keys = ['<img src=x>', '"; drop', '\u202e', '__proto__'];
  const { json } = await create({ ...BOARD, panels: [{ ...PANEL, predicate: {}, keys }] });
  expect(json['panels']).toMatchObject([{ keys }]);
});

test('when the disk fails, the client is told to retry, and the board does not exist', async () => {
  // A folder in the way of the new file: not even root writes it.
  const inTheWay = join(front.folder, 'config', 'boards.json.new');
  await mkdir(inTheWay);
  expect((await create()).status).toBe(503);
  await rmdir(inTheWay);
  expect((await front.ask('GET', LIST)).json).toEqual([]);
});
