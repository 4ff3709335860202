/* Services that end by themselves: small programs that write down each start. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BAD_SETTING_STATUS } from '../../common/service/cannot-start';
import { supervise, type Supervised } from './supervise';
import { until } from '../testing/until';

const GUARD = { add: () => undefined, remove: () => undefined, close: () => Promise.resolve() };

let folder = '';
let supervised: Supervised | undefined;
let said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-supervise-'));
  writeFileSync(join(folder, 'starts'), '');
  said = [];
});
afterEach(async () => {
  await supervised?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const starts = (): number[] =>
  readFileSync(join(folder, 'starts'), 'utf8').split('\n').filter(Boolean).map(Number);

/** A service that says something and ends, each time. */
async function start(words: string, status: number): Promise<Supervised> {
  const program = `
    require('node:fs').appendFileSync(process.argv[1], Date.now() + '\\n');
    console.error(${JSON.stringify(words)});
    process.exit(${status});`;
  supervised = await supervise(
    'aggregator',
    {
      file: process.execPath,
      args: ['-e', program, join(folder, 'starts')],
      env: { PATH: process.env['PATH'] },
      logFile: join(folder, 'log'),
    },
    GUARD,
    (line) => said.push(line),
  );
  return supervised;
}

test('one that keeps failing is started again after growing pauses, and says why once', async () => {
  await start('Error: the disk is on fire', 1);
  await until('four starts', 30_000, () => Promise.resolve(starts().length >= 4 ? true : undefined));
  expect(said).toEqual(['aggregator ended (1): Error: the disk is on fire; starting it again']);
  const [a = 0, b = 0, c = 0, d = 0] = starts();
  // 400 ms, 800 ms, 1600 ms, and what starting takes: however slow the machine is, no pause is shorter.
  expect(b - a).toBeGreaterThanOrEqual(390);
  expect(c - b).toBeGreaterThanOrEqual(790);
  expect(d - c).toBeGreaterThanOrEqual(1590);
});

test('one with a wrong setting says so and is left alone', async () => {
  const service = await start('Error: CA_HTTP_PORT must be a number', BAD_SETTING_STATUS);
  await until('its end', 30_000, () => Promise.resolve(service.failure()));
  expect(said).toEqual([
    `aggregator ended (${BAD_SETTING_STATUS}): Error: CA_HTTP_PORT must be a number; it is not started again`,
  ]);
  expect(starts()).toHaveLength(1);
});

test('stopping one that waits for its next start leaves nothing that starts later', async () => {
  const service = await start('Error: no', 1);
  await until('its end', 30_000, () => Promise.resolve(service.failure()));
  const before = starts().length;
  await service.stop();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(starts()).toHaveLength(before);
});
