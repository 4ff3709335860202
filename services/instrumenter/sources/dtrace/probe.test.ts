import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../../common/model/bucket';
import { SYSTEM_CLOCK } from '../../../../common/service/clock';
import { enableProbe, type DtraceProbe } from './probe';
import type { Program } from './program';

const PROGRAM: Program = { text: 'the text', format: { shape: 'number', grid: LOG_GRID, integerKey: false } };
const SECOND = 1_800_000_000;
let folder: string;
const probes: DtraceProbe[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-probe-'));
});

afterEach(async () => {
  await Promise.all(probes.splice(0).map((probe) => probe.close()));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for dtrace that prints what a test wants. */
async function enable(
  name: string,
  script: string,
  second: { now: number; set?: number },
  end = new AbortController(),
  attached = () => undefined,
) {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  const clock = { ...SYSTEM_CLOCK, now: () => second.now * 1000 };
  const time = { clock, elapsed: () => (second.now - (second.set ?? 0)) * 1e9 };
  const probe = await enableProbe(file, PROGRAM, time, end.signal, attached);
  probes.push(probe);
  return probe;
}

const block = (offset: number, count: number): string =>
  `printf 'S ${SECOND + offset}\\nK ${count}\\nE ${SECOND + offset}\\n'`;

test('it is enabled with its first second, and read sums those that a flip closed', async () => {
  const now = { now: SECOND };
  const probe = await enable(
    'seconds',
    `${block(-9, 100)}; ${block(0, 1)}; ${block(1, 2)}; ${block(2, 4)}; exec sleep 60`,
    now,
  );
  now.now = SECOND + 3;
  probe.flip();
  // -9 is from before it was attached everywhere: it is not wanted, and the first reading is dropped anyway.
  expect(await probe.read()).toEqual({ value: { shape: 'number', number: 107 }, lost: 0 });
});

test("a program that does not compile is refused with dtrace's own words", async () => {
  const refused = enable('refused', `echo 'dtrace: failed to compile script: line 1: nonsense' >&2; exit 1`, {
    now: SECOND,
  });
  await expect(refused).rejects.toThrow('dtrace: failed to compile script: line 1: nonsense');
});

test('what it says it dropped is lost in the next reading, once', async () => {
  const now = { now: SECOND + 2 };
  const probe = await enable(
    'drops',
    `echo 'dtrace: 7 aggregation drops on CPU 1' >&2; sleep 0.2; ${block(0, 1)}; ${block(1, 1)}; exec sleep 60`,
    now,
  );
  probe.flip();
  expect((await probe.read()).lost).toBe(7);
  probe.flip();
  expect((await probe.read()).lost).toBe(0);
});

test('a child that ends makes readings fail, and says why', async () => {
  const now = { now: SECOND + 9 };
  const probe = await enable(
    'ends',
    `${block(0, 1)}; ${block(1, 1)}; echo 'dtrace: processing aborted' >&2; exit 1`,
    now,
  );
  probe.flip();
  await expect(probe.read()).rejects.toThrow('dtrace: processing aborted');
});

test('an enabling that is given up leaves no child', async () => {
  const end = new AbortController();
  const enabling = enable('endless', 'exec sleep 60', { now: SECOND }, end);
  setImmediate(() => {
    end.abort();
  });
  await expect(enabling).rejects.toThrow('dtrace ended without a word');
});

test('when the wall clock is set it is started anew: on Linux a D program keeps the one that it began with', async () => {
  const now = { now: SECOND + 1, set: 0 };
  const mark = join(folder, 'began');
  const probe = await enable(
    'set',
    `if [ -e ${mark} ]; then ${block(3600, 7)}; else touch ${mark}; ${block(0, 1)}; fi; exec sleep 60`,
    now,
  );
  probe.flip();
  expect(await probe.read()).toEqual({ value: { shape: 'number', number: 1 }, lost: 0 });
  now.set = 3600;
  now.now = SECOND + 3601;
  probe.flip();
  expect(await probe.read()).toEqual({ value: { shape: 'number', number: 7 }, lost: 0 });
});

test('seconds that come in the wrong order are both read', async () => {
  const now = { now: SECOND };
  const both = `{ ${block(1, 1)}; ${block(0, 2)}; }`;
  const probe = await enable('order', `out=$(${both}); echo "$out"; exec sleep 60`, now);
  now.now = SECOND + 2;
  probe.flip();
  expect(await probe.read()).toEqual({ value: { shape: 'number', number: 3 }, lost: 0 });
});
