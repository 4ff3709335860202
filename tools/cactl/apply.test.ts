/* apply is all or nothing: a front door that refuses one of several changes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACTL } from './commands';
import { run, type Printed } from './testing/console';

const DESCRIPTION = {
  modules: { disk: { label: 'Disk' } },
  fields: { latency: { label: 'latency', type: 'time' }, disk: { label: 'device', type: 'string' } },
  metrics: [{ module: 'disk', stat: 'ops', label: 'ops', interval: 'interval', fields: ['latency', 'disk'] }],
};
const there = (id: string, decomposition: string[], retention: number): Record<string, unknown> => ({
  id,
  uri: `/ca/instrumentations/${id}`,
  module: 'disk',
  stat: 'ops',
  predicate: {},
  decomposition,
  granularity: 1,
  'retention-time': retention,
});

let folder: string;
let server: Server;
let url: string;
let asked: string[] = [];
/** Retention times that the server refuses. */
const TOO_LONG = 9999;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cactl-apply-'));
  let made = 100;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const { method = '', url: path = '' } = request;
      if (method === 'GET') {
        response.end(
          JSON.stringify(
            path === '/ca' ? DESCRIPTION : [there('1', ['disk'], 600), there('2', ['latency'], 600)],
          ),
        );
        return;
      }
      asked.push(`${method} ${path.replace('/ca/instrumentations', '')} ${body}`.trim());
      const refused = body.includes(String(TOO_LONG));
      response.statusCode = refused ? 400 : 200;
      const error = {
        code: 'INVALID',
        field: 'retention-time',
        message: 'retention-time must be at most 3600',
      };
      response.end(JSON.stringify(refused ? { error } : there(String(made++), [], 600)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function apply(entries: string): Promise<Printed> {
  const file = join(folder, 'list.yaml');
  writeFileSync(file, `instrumentations:\n${entries}`);
  return run(CACTL, ['apply', '-f', file, '--yes', '--url', url]);
}

test('when one of several is refused, those before it are undone, and nothing is deleted', async () => {
  const { status, err } = await apply(
    '  - {metric: disk.ops}\n  - {metric: disk.ops, by: disk, retention: 20m}\n' +
      `  - {metric: disk.ops, by: [disk, latency], retention: ${TOO_LONG}}\n`,
  );
  expect(status).toBe(1);
  expect(err).toMatch(/disk.ops by disk,latency: .*at most 3600; nothing was changed\n$/);
  const [first, second, ...undone] = asked;
  expect([first, second].every((line) => line?.startsWith('POST'))).toBe(true);
  expect(undone).toEqual(['DELETE /100']);
});

test('a change that was made is taken back when a later one is refused', async () => {
  await apply(
    `  - {metric: disk.ops, by: disk, retention: 20m}\n  - {metric: disk.ops, by: latency, retention: ${TOO_LONG}}\n`,
  );
  expect(asked).toEqual([
    'PUT /1 {"retention-time":1200}',
    `PUT /2 {"retention-time":${TOO_LONG}}`,
    'PUT /1 {"retention-time":600}',
  ]);
});

test('without a refusal what the file does not name is deleted last', async () => {
  expect((await apply('  - {metric: disk.ops}\n')).status).toBe(0);
  expect(asked.map((line) => line.split('{')[0]?.trim())).toEqual(['POST', 'DELETE /1', 'DELETE /2']);
});

test('two fields of one kind are refused in words, before anything is asked of the server', async () => {
  const { status, err } = await apply('  - {metric: disk.ops, by: [disk, disk]}\n');
  expect(status).toBe(2);
  expect(err).toMatch(/entry 1: disk and disk are both text: break down by one text field and one number/);
  expect(asked).toEqual([]);
});
