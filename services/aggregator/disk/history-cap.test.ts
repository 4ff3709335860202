import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unframe } from './frame';
import { HistoryCap, readHistoryMax, type HistoryMax } from './history-cap';
import { Segments } from './segments';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  [undefined, { share: 0.5 }],
  ['', { share: 0.5 }],
  ['1%', { share: 0.01 }],
  ['100%', { share: 1 }],
  ['800M', { bytes: 800 * 2 ** 20 }],
  ['20G', { bytes: 20 * 2 ** 30 }],
  ['1T', { bytes: 2 ** 40 }],
])('CA_HISTORY_MAX=%s is understood', (text, max) => {
  expect(readHistoryMax({ CA_HISTORY_MAX: text })).toEqual(max);
});

test.each(['0%', '101%', '50', '0G', '-1G', '1.5G', '1K', '20 G', '50%%', '9999999G', 'half'])(
  'CA_HISTORY_MAX=%s is refused, with what is understood',
  (text) => {
    expect(() => readHistoryMax({ CA_HISTORY_MAX: text })).toThrow(
      'CA_HISTORY_MAX must be a share of the file system such as 50%',
    );
  },
);

/** A file of 1,000 bytes and its frame, last written so many seconds ago. */
async function write(id: string, age: number, now: number): Promise<void> {
  const segments = new Segments(join(folder, id), `w${age}`);
  await segments.append([Buffer.alloc(1000)], now - 1000 * age, 100_000);
  await segments.end();
  for (const name of readdirSync(join(folder, id)).filter((one) => one.includes(`-w${age}-`)))
    utimesSync(join(folder, id, name), now / 1000 - age, now / 1000 - age);
}

const kept = (): string[] =>
  readdirSync(folder)
    .flatMap((id) => readdirSync(join(folder, id)).map((name) => `${id} ${/-w(\d+)-/.exec(name)?.[1] ?? ''}`))
    .sort();

const capOf = (max: HistoryMax, sizeBytes?: number): HistoryCap =>
  new HistoryCap({
    folder,
    journal: 'journal',
    max,
    disk: { room: sizeBytes === undefined ? undefined : { sizeBytes, availableBytes: 0 } },
  });

test('the oldest files of all go until the rest is within the bound; the journal counts, and stays', async () => {
  const now = Date.now();
  for (const [id, age] of [
    ['a', 50],
    ['a', 10],
    ['b', 40],
    ['b', 20],
    ['c', 30],
    ['journal', 90],
  ] as const)
    await write(id, age, now);
  const cap = capOf({ bytes: 4500 });
  expect(cap.bytes).toBeUndefined();
  expect(await cap.keep(now)).toBe(2);
  expect(kept()).toEqual(['a 10', 'b 20', 'c 30', 'journal 90']);
  expect(cap.bytes).toBeGreaterThan(4000);
  expect(cap.bytes).toBeLessThanOrEqual(4500);
});

test('all is looked at once a minute', async () => {
  const now = Date.now();
  const cap = capOf({ bytes: 500 });
  expect(await cap.keep(now)).toBe(0);
  await write('a', 0, now);
  expect(await cap.keep(now + 59_000)).toBe(0);
  expect(await cap.keep(now + 60_000)).toBe(1);
  expect(kept()).toEqual([]);
});

test('two processes that look at the same time give up the same files, and no more', async () => {
  const now = Date.now();
  for (const age of [50, 40, 30, 20, 10]) await write('a', age, now);
  await Promise.all([capOf({ bytes: 3500 }).keep(now), capOf({ bytes: 3500 }).keep(now)]);
  expect(kept()).toEqual(['a 10', 'a 20', 'a 30']);
});

test('a share is of the file system; one that cannot be asked for its size bounds nothing', async () => {
  const now = Date.now();
  for (const age of [20, 10]) await write('a', age, now);
  const unknown = capOf({ share: 0.5 });
  expect([await unknown.keep(now), unknown.bytesMax]).toEqual([0, undefined]);
  const half = capOf({ share: 0.5 }, 3000);
  expect([await half.keep(now), half.bytesMax]).toEqual([1, 1500]);
  expect(kept()).toEqual(['a 10']);
});

test('a file that another process gave up is not written to any more: the next values begin a new one', async () => {
  const now = Date.now();
  const segments = new Segments(join(folder, 'a'), 'w0');
  await segments.append([Buffer.from('before')], now, 100);
  expect(await capOf({ bytes: 1 }).keep(now)).toBe(1);
  await segments.append([Buffer.from('after')], now + 1, 100);
  const [name = ''] = readdirSync(join(folder, 'a'));
  expect(unframe(readFileSync(join(folder, 'a', name))).records.map(String)).toEqual(['after']);
  await segments.end();
});
