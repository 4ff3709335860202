/*
 * Values on disk are restored exactly, each node and second once: after torn, damaged and refused writes, and with two
 * concurrent writers. Processes that are killed are in tools/stack/hindsight.test.ts.
 */
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../common/model/bucket';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { SILENT, type Log } from '../../../common/service/log';
import type { Value } from '../../../common/model/value';
import { Dataset, type DatasetOptions } from '../dataset/dataset';
import { frame, unframe } from './frame';
import { Hindsight } from './hindsight';
import { readValue } from '../dataset/reading';
import { Segments } from './segments';

jest.setTimeout(30_000); // a busy disk takes its time
const NOW = 1_700_000_000;
const SEED = 1234;
const ID = 'global;1';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindsight-'));
});
afterEach(async () => {
  for (const hindsight of started.splice(0)) await hindsight.close();
  rmSync(folder, { recursive: true });
});
const started: Hindsight[] = [];

/** A small generator with a fixed sequence. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x80000000;
}

interface Aggregator {
  readonly dataset: Dataset;
  readonly hindsight: Hindsight;
  /** One tick of the clock. */
  save(second: number): Promise<void>;
}

const newDataset = (options: Partial<DatasetOptions> = {}): Dataset =>
  new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
    ...options,
  });

let writers = 0;
const told: string[] = [];
const log: Log = { ...SILENT, warn: (_, text) => told.push(text), error: (_, text) => told.push(text) };

async function start(second: number, options: Partial<DatasetOptions> = {}): Promise<Aggregator> {
  let now = 1000 * second;
  const clock = { now: () => now, everySecond: () => () => undefined };
  const hindsight = new Hindsight({ folder, writer: `w${++writers}`, clock, log });
  const dataset = newDataset(options);
  started.push(hindsight);
  await hindsight.load(ID, dataset);
  const instrumentation = { persistData: true } as Instrumentation;
  return {
    dataset,
    hindsight,
    save: async (at) => {
      now = 1000 * at;
      dataset.tick(now);
      hindsight.tick([[ID, { dataset, instrumentation }]]);
      await (hindsight as unknown as { working: Promise<void> | undefined }).working;
    },
  };
}

const value = (count: number, key = 'k'): Value => ({
  shape: 'keyed-distribution',
  distributions: new Map([[key, [10, count, 300, 1]]]),
});

const report = (a: Aggregator, node: string, second: number, v: Value, now = second + 1): string =>
  a.dataset.update(node, second, a.dataset.reportSeconds, v, 1, 1000 * now);

/** Everything that a client can read about a time range. */
const told600 = (a: Aggregator, from = NOW, to = NOW + 100): unknown =>
  Array.from({ length: to - from }, (_, i) => {
    const time = from + i;
    const slot = a.dataset.slotAt(time);
    return [
      readValue(a.dataset, time, 1),
      a.dataset.reporting(time),
      a.dataset.expected(time),
      slot?.lost,
      slot?.late,
    ];
  });

const files = (): string[] =>
  readdirSync(folder).flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
  );

test.each(['keyed-distribution', 'keyed', 'number', 'distribution'] as const)(
  'random reports of shape %s, late and doubled ones too, read the same after a restart',
  async (shape) => {
    const next = random(SEED);
    const a = await start(NOW, { shape });
    const make = (): Value => {
      const n = Math.floor(next() * 5);
      const d = [Math.floor(next() * 50), n + 1, 60 + Math.floor(next() * 500), 1e6];
      switch (shape) {
        case 'number':
          return { shape, number: n };
        case 'keyed':
          return {
            shape,
            numbers: new Map([
              [`k${n}`, n],
              ['zero', 0],
            ]),
          };
        case 'distribution':
          return { shape, distribution: d };
        case 'keyed-distribution':
          return { shape, distributions: new Map([[`k${n}`, d]]) };
      }
    };
    for (let second = NOW; second < NOW + 25; second++) {
      for (let i = 0; i < 5; i++) {
        const late = Math.floor(next() * next() * 30);
        report(a, `n${Math.floor(next() * 4)}`, Math.max(NOW, second - late), make(), second + 1);
      }
      await a.save(second + 1);
    }
    const b = await start(NOW + 26, { shape });
    a.dataset.tick(1000 * (NOW + 26));
    expect(told600(b)).toEqual(told600(a));
    // Reported once already, to the one before.
    expect(report(b, 'n1', NOW + 15, make(), NOW + 26)).toBe(
      a.dataset.reporters(NOW + 15).includes('n1') ? 'duplicate' : 'added',
    );
  },
);

test('slots of several periods are restored with the reporters of each', async () => {
  const options = { granularity: 20, scope: 'point' as const, shape: 'number' as const };
  const a = await start(NOW, options);
  const one: Value = { shape: 'number', number: 1 };
  for (let at = NOW; at < NOW + 40; at += 5) {
    if (at !== NOW + 5) report(a, 'x', at, one, at + 5);
    report(a, 'y', at, one, at + 5);
    await a.save(at + 5);
  }
  const b = await start(NOW + 41, options);
  expect([readValue(b.dataset, NOW, 20), b.dataset.reporting(NOW), b.dataset.reporting(NOW + 20)]).toEqual([
    // Seven of the eight reports that make the mean.
    { shape: 'number', number: 1.75 },
    1,
    2,
  ]);
  expect(report(b, 'x', NOW + 5, one, NOW + 42)).toBe('added');
  expect(readValue(b.dataset, NOW, 20)).toEqual({ shape: 'number', number: 2 });
  expect(report(b, 'y', NOW + 5, one, NOW + 42)).toBe('duplicate');
});

test('a file cut anywhere, or with garbage in the middle, loses only the damaged records', async () => {
  const next = random(SEED);
  const a = await start(NOW);
  for (let second = NOW; second < NOW + 12; second++) {
    report(a, 'n', second, value(second - NOW + 1));
    await a.save(second + 1);
  }
  const [file = ''] = files();
  const whole = readFileSync(file);
  const found = (b: Aggregator): number => b.dataset.slotCount;
  for (let i = 0; i < 8; i++) {
    writeFileSync(file, whole);
    const at = Math.floor(next() * whole.length);
    truncateSync(file, at);
    const b = await start(NOW + 31);
    const complete = unframe(whole.subarray(0, at)).records.length;
    expect(found(b)).toBe(complete);
    // New records are behind the torn end, and are found there.
    report(b, 'm', NOW + 31, value(7));
    await b.save(NOW + 32);
    expect(found(await start(NOW + 33))).toBe(complete + 1);
    for (const other of files()) if (other !== file) rmSync(other);
  }
  writeFileSync(file, whole);
  const garbled = Buffer.from(whole);
  garbled.fill(0x43, Math.floor(whole.length / 2), Math.floor(whole.length / 2) + 10);
  writeFileSync(file, garbled);
  told.length = 0;
  const b = await start(NOW + 31);
  expect(found(b)).toBeGreaterThanOrEqual(10);
  expect(found(b)).toBeLessThan(12);
  expect(told).toEqual(['some values on disk are damaged; the others are used']);
  const { damagedBytes } = b.hindsight.status() as { damagedBytes: number };
  expect(damagedBytes).toBeGreaterThan(0);
  expect(b.hindsight.troubleOf(ID)).toEqual({ written: true, read: true, damaged_bytes: damagedBytes });
  appendFileSync(file, 'CAh1'.repeat(1000));
  expect(found(await start(NOW + 31))).toBe(found(b));
  // What is missing would be over by then.
  await b.save(NOW + 31 + 600);
  expect(b.hindsight.troubleOf(ID)).toBeUndefined();
});

test('a failing disk loses nothing: values stay in memory, the failure is logged once, and all is written later', async () => {
  const a = await start(NOW);
  report(a, 'n', NOW, value(1));
  await a.save(NOW + 1);
  told.length = 0;
  const refuse = jest
    .spyOn(Segments.prototype, 'append')
    .mockRejectedValue(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
  try {
    for (let second = NOW + 1; second < NOW + 20; second++) {
      report(a, 'n', second, value(2));
      await a.save(second + 1);
    }
  } finally {
    refuse.mockRestore();
  }
  expect(told).toEqual(['values cannot be written to disk; they stay in memory']);
  expect(a.hindsight.status()).toMatchObject({ ok: false, reason: 'ENOSPC: no space left', failures: 19 });
  const trouble = { written: false, read: true, damaged_bytes: 0, reason: 'ENOSPC' };
  expect(a.hindsight.troubleOf(ID)).toEqual(trouble);
  expect(a.dataset.slotCount).toBe(20);
  await a.save(NOW + 21);
  expect(a.hindsight.status()).toMatchObject({ ok: true });
  expect(a.hindsight.troubleOf(ID)).toBeUndefined();
  const b = await start(NOW + 22);
  expect(told600(b)).toEqual(told600(a));
});

test('of two writers of one second the more complete one counts; sums are never added', async () => {
  const a = await start(NOW);
  report(a, 'n', NOW, value(1));
  await a.save(NOW + 1);
  const b = await start(NOW + 1); // a hangs, b takes over
  report(b, 'm', NOW, value(2));
  await b.save(NOW + 2);
  report(a, 'n', NOW + 1, value(5)); // a goes on for a moment
  await a.save(NOW + 2);
  const c = await start(NOW + 3);
  expect(readValue(c.dataset, NOW, 1)).toEqual(readValue(b.dataset, NOW, 1));
  expect(readValue(c.dataset, NOW + 1, 1)).toEqual(value(5));
});

test('files are deleted after their retention, and the oldest when there are too many bytes', async () => {
  const segments = new Segments(join(folder, 'x'), 'w');
  const begun = Date.now();
  for (let i = 0; i < 5; i++) {
    await segments.append([Buffer.alloc(1000, i)], begun + i, 10);
    await segments.end();
  }
  const [first = '', second = ''] = files().sort();
  utimesSync(first, begun / 1000 - 11, begun / 1000 - 11);
  expect(await segments.expire(begun)).toBe(0);
  expect(files()).not.toContain(first);
  expect(files()).toHaveLength(4);
  expect(await segments.expire(begun, 3500)).toBe(1);
  expect(files()).not.toContain(second);
  expect(files()).toHaveLength(3);
});

test('history beyond the bound of all is deleted, which status and log say; memory keeps it', async () => {
  let now = 1000 * NOW;
  const clock = { now: () => now, everySecond: () => () => undefined };
  const hindsight = new Hindsight({ folder, writer: 'capped', clock, log, max: { bytes: 1 } });
  started.push(hindsight);
  const dataset = newDataset();
  await hindsight.load(ID, dataset);
  told.length = 0;
  for (let at = NOW; at < NOW + 130; at += 5) {
    now = 1000 * at;
    dataset.update('n', at - 1, dataset.reportSeconds, value(1), 1, now);
    hindsight.tick([[ID, { dataset, instrumentation: { persistData: true } as Instrumentation }]]);
    await (hindsight as unknown as { working: Promise<void> | undefined }).working;
  }
  const { givenUp, bytes, bytesMax } = hindsight.status();
  expect([givenUp > 0, bytesMax, (bytes ?? 0) > 1]).toEqual([true, 1, true]);
  expect(told).toContain('the oldest history was deleted: all of it was larger than CA_HISTORY_MAX');
  expect(readValue(dataset, NOW + 4, 1)).toEqual(value(1));
});

test('a deleted instrumentation is removed from disk; a moved one stays for its new owner', async () => {
  const own = (): string[] => files().filter((file) => !file.includes('/journal/'));
  const a = await start(NOW);
  report(a, 'n', NOW, value(1));
  await a.save(NOW + 1);
  report(a, 'n', NOW + 1, value(2)); // not written yet when it moves
  await a.hindsight.forget(ID, false);
  expect(own()).toHaveLength(1);
  const b = await start(NOW + 2);
  expect(b.dataset.slotCount).toBe(2);
  await b.hindsight.forget(ID, true);
  expect(own()).toEqual([]);
  expect(readdirSync(folder)).toEqual(['journal']);
});

test('a second of many instrumentations is one append; half a minute later each has its values in its own files', async () => {
  let now = 1000 * NOW;
  const clock = { now: () => now, everySecond: () => () => undefined };
  const append = jest.spyOn(Segments.prototype, 'append');
  const hindsight = new Hindsight({ folder, writer: 'many', clock, log });
  started.push(hindsight);
  const owned = new Map<string, { dataset: Dataset; instrumentation: Instrumentation }>();
  for (let i = 0; i < 40; i++) {
    const dataset = newDataset();
    await hindsight.load(`global;${i}`, dataset);
    owned.set(`global;${i}`, { dataset, instrumentation: { persistData: true } as Instrumentation });
  }
  const appendsOf = async (second: number): Promise<number> => {
    append.mockClear();
    now = 1000 * (second + 1);
    for (const { dataset } of owned.values()) dataset.update('n', second, 1, value(second - NOW + 1), 0, now);
    hindsight.tick(owned);
    await (hindsight as unknown as { working: Promise<void> | undefined }).working;
    return append.mock.calls.length;
  };
  try {
    for (let second = NOW; second < NOW + 29; second++) expect(await appendsOf(second)).toBe(1);
    // From the first round on, two of the forty move on in a second.
    for (let second = NOW + 29; second < NOW + 95; second++)
      expect(await appendsOf(second)).toBeLessThanOrEqual(3);
  } finally {
    append.mockRestore();
  }
  // The first two rounds have moved on: what was written before is in own files alone.
  const journals = files().filter((file) => file.includes('/journal/'));
  expect(Math.min(...journals.map((file) => Number(/(\d+)-600-/.exec(file)?.[1])))).toBeGreaterThan(
    1000 * (NOW + 30),
  );
  expect(hindsight.counts.filed).toBeGreaterThanOrEqual(80);
  const heir = new Hindsight({ folder, writer: 'heir', clock, log });
  started.push(heir);
  for (const [id, { dataset }] of owned) {
    const read = newDataset();
    await heir.load(id, read);
    expect(read.slotCount).toBe(95);
    for (const second of [NOW, NOW + 40, NOW + 94]) {
      expect(readValue(read, second, 1)).toEqual(readValue(dataset, second, 1));
    }
  }
});

test('after a kill at any time, everything written is in the journal, in its own files, or in both', async () => {
  const a = await start(NOW);
  for (let second = NOW; second < NOW + 100; second++) {
    report(a, 'n', second, value(1));
    if (second % 3 === 0) report(a, 'late', Math.max(NOW, second - 20), value(2), second + 1);
    await a.save(second + 1);
    const b = await start(second + 1);
    expect(told600(b)).toEqual(told600(a));
  }
});

test('values that cannot be filed stay in the journal, with an error; nothing is lost when the instrumentation then moves', async () => {
  const a = await start(NOW);
  const own = join(folder, encodeURIComponent(ID));
  writeFileSync(own, 'a file where the folder should be');
  told.length = 0;
  for (let second = NOW; second < NOW + 70; second++) {
    report(a, 'n', second, value(1));
    await a.save(second + 1);
  }
  expect(told).toEqual(['values stay in the journal: they cannot be written to their own files']);
  expect(a.hindsight.status()).toMatchObject({ ok: false });
  await a.hindsight.forget(ID, false);
  rmSync(own);
  const b = await start(NOW + 70);
  expect(b.dataset.slotCount).toBe(70);
});

test('intact framed records are found in any order of intact and broken ones', () => {
  const records = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('CAh1 inside CAh1')];
  const file = Buffer.concat([
    Buffer.from('xx'),
    ...records.map(frame),
    frame(Buffer.from('cut')).subarray(0, 17),
  ]);
  expect(unframe(file)).toEqual({ records, damaged: 2, torn: 17 });
});
