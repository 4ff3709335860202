/* Boards from a file to the real front door and back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAggregator, addNode } from '../../services/config/testing/fake-fleet';
import { testFront, type TestFront } from '../../services/config/testing/test-front';
import { CACTL } from './commands';
import { run, type Printed } from './testing/console';

let front: TestFront;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cactl-boards-'));
  front = await testFront();
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
});
afterEach(async () => {
  await front.close();
  rmSync(folder, { recursive: true });
});

const cactl = (...argv: string[]): Promise<Printed> => run(CACTL, [...argv, '--url', front.base]);
function apply(text: string, ...options: string[]): Promise<Printed> {
  const file = join(folder, 'boards.yaml');
  writeFileSync(file, text);
  return cactl('apply', '-f', file, '--yes', ...options);
}

const FILE = `boards:
  - name: Slow requests
    window: 300
    variables:
      - hostname
      - execname: postgres
    panels:
      - metric: syscall.syscalls
        by:
          - execname
          - latency
        where: execname != "cron" && latency > 1ms
        title: Slow calls
        size: wide
      - metric: cpu.cpus
`;

test('what is exported is what was applied, and applying it again changes nothing', async () => {
  expect((await apply(FILE)).out).toContain('boards: 1 to create, 0 to change, 0 to delete, 0 kept');
  const { out } = await cactl('boards', 'export');
  expect(out).toBe(FILE);
  expect((await apply(out)).out).toContain('no board to change');
  expect((await front.ask('GET', '/ca/boards')).json).toMatchObject([
    {
      revision: 1,
      panels: [{ predicate: { and: [{ ne: ['execname', 'cron'] }, { gt: ['latency', 1e6] }] } }, {}],
    },
  ]);
});

test('a file of boards alone leaves instrumentations alone, and the other way round', async () => {
  await front.ask('POST', '/ca/instrumentations', { module: 'syscall', stat: 'syscalls' });
  await apply(FILE);
  expect((await front.ask('GET', '/ca/instrumentations')).json).toHaveLength(1);
  await apply('instrumentations:\n  - metric: syscall.syscalls\n');
  expect((await front.ask('GET', '/ca/boards')).json).toHaveLength(1);
});

test('a board that differs is changed in place, one that the file does not name goes', async () => {
  await apply(FILE);
  await front.ask('POST', '/ca/boards', { name: 'Old', panels: [] });
  const { out } = await apply(FILE.replace('wide', 'large'));
  expect(out).toContain(
    '~    1 board Slow requests\n-    2 board Old\nboards: 0 to create, 1 to change, 1 to delete',
  );
  expect((await front.ask('GET', '/ca/boards')).json).toMatchObject([
    { id: '1', revision: 2, panels: [{ size: 'large' }, {}] },
  ]);
});

test('when the server refuses a board, what was made before it is undone', async () => {
  await apply(FILE);
  const { status, err } = await apply(
    `instrumentations:\n  - metric: syscall.syscalls\n${FILE.replace('wide', 'huge')}  - {name: New, panels: []}\n`,
  );
  expect([status, err]).toEqual([
    1,
    expect.stringMatching(/board Slow requests: .*must be one of.*; nothing was changed/),
  ]);
  expect((await front.ask('GET', '/ca/instrumentations')).json).toEqual([]);
  expect((await front.ask('GET', '/ca/boards')).json).toMatchObject([{ name: 'Slow requests', revision: 1 }]);
});

test('boards are listed with their addresses, found by name or id, and deleted', async () => {
  await apply(FILE);
  expect((await cactl('boards', '--width', '200')).out).toMatch(
    /1 +Slow requests +2 panels +hostname, execname=postgres +http:.*\/\?board=1\n/,
  );
  expect((await cactl('boards', 'export', 'Slow requsts')).err).toMatch(/did you mean Slow requests\?/);
  expect((await cactl('boards', 'delete', '1')).out).toBe('deleted 1 Slow requests\n');
  expect((await cactl('boards')).out).toContain('no boards');
});

test('a predicate on a field that no node has is kept in its JSON form', async () => {
  const text =
    'boards:\n  - name: a\n    panels:\n      - metric: x.y\n        where:\n          eq:\n            - flavour\n            - sweet\n';
  await apply(text);
  expect((await cactl('boards', 'export')).out).toBe(text);
});

test.each([
  ['boards: {}', /boards must be a list/],
  ['boards: [{panels: []}]', /board 1: name is missing/],
  ['boards: [{name: a}]', /board 1: panels must be a list/],
  ['boards: [{name: a, panels: [{metric: fs}]}]', /board 1: panel 1: metric must be like fs.syncs/],
  ['boards: [{name: a, panels: [], colour: red}]', /board 1: has colour, which is none of name/],
  ['boards: [{name: a, panels: []}, {name: a, panels: []}]', /board 2: there is another board called a/],
  ['boards: [{name: a, panels: [{metric: a.b, where: "latency >"}]}]', /board 1: panel 1: /],
])('%s is refused in words, and nothing is asked of the server', async (text, message) => {
  const { status, err } = await apply(text);
  expect([status, err]).toEqual([2, expect.stringMatching(message)]);
});
