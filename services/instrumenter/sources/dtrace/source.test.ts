import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_CLOCK } from '../../../../common/service/clock';
import { ask } from '../../testing/fakes';
import { openDtrace } from './source';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-source-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for dtrace on a kernel that has only the probes of system calls. */
function standIn(version: string, list: string): string {
  const file = join(folder, 'dtrace');
  writeFileSync(file, `#!/bin/sh\ncase $1 in\n-V) ${version} ;;\n-l) ${list} ;;\nesac\n`);
  chmodSync(file, 0o755);
  return file;
}
const VERSION = "echo 'dtrace: D 2.0.7'";
const SYSCALLS = "echo '1 rawtp vmlinux sys_enter'; echo '2 rawtp vmlinux sys_exit'";
const open = (dtrace: string) => openDtrace({ host: 'n1', clock: SYSTEM_CLOCK, elapsed: () => 0, dtrace });
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'at least 45 metrics are listed, each with its fields or with the reason why it is not there',
  async () => {
    const source = await open(standIn(VERSION, SYSCALLS));
    const offers = source.offers();
    expect(offers.length).toBeGreaterThanOrEqual(45);
    expect(new Set(offers.map(({ metric }) => metric)).size).toBe(offers.length);
    for (const offer of offers) {
      if ('fields' in offer) expect(offer.fields).toContain('hostname');
      else
        expect(offer.unavailable).toMatch(/^(there is no such probe on linux|this kernel has no probe \S+)$/);
    }
    expect(offers.filter((offer) => 'fields' in offer).map(({ metric }) => metric)).toEqual([
      'syscall.syscalls',
    ]);
    await expect(source.enable(ask('cpu.thread_samples'))).rejects.toThrow('this kernel has no probe');
    await source.close();
  },
);

onLinux(
  'a program of that name that is no dtrace, or may not list probes, is refused with a sentence',
  async () => {
    await expect(open(standIn('exit 1', SYSCALLS))).rejects.toThrow('is no dtrace that runs here');
    const refused =
      "echo 'dtrace: failed to initialize dtrace: DTrace requires additional privileges' >&2; exit 1";
    await expect(open(standIn(VERSION, refused))).rejects.toThrow('DTrace requires additional privileges');
  },
);

onLinux(
  'a dtrace that has listed all is not waited for while it frees its memory',
  async () => {
    const again = `for i in 1 2; do ${SYSCALLS}; done; exec sleep 60`;
    const source = await open(standIn(VERSION, again));
    expect(source.offers().filter((offer) => 'fields' in offer)).toHaveLength(1);
    await source.close();
  },
  30_000,
);
