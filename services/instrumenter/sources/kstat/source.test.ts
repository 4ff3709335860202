import { LOG_GRID } from '../../../../common/model/bucket';
import type { Value } from '../../../../common/model/value';
import { ask } from '../../testing/fakes';
import { openKstats, type Kstat, type Kstats } from './reader';
import { openKstat } from './source';

type Part = Partial<Kstat> & { data?: Record<string, number | string> };

const SECOND = 1e9;

/** A machine's list of statistics at one moment. */
function kstat(part: Part): Kstat {
  return { module: 'm', instance: 0, class: 'c', name: 'n', snaptime: 0, crtime: 1, ...part };
}

/** Selects as the kernel does. */
function recorded(now: () => readonly Kstat[]): Kstats {
  return {
    read: (selector) =>
      now().filter((k) =>
        (['module', 'class', 'name'] as const).every(
          (part) => selector[part] === undefined || selector[part] === k[part],
        ),
      ),
    close: () => undefined,
  };
}

/** Takes a snapshot of each of these a second apart, by the kernel's clock; the value of the last one. */
async function watch(
  looks: readonly (readonly Part[])[],
  ...question: Parameters<typeof ask>
): Promise<Value> {
  let now: readonly Kstat[] = [];
  const source = openKstat(
    { host: 'n1', elapsed: () => 0 },
    recorded(() => now),
  );
  const probe = await source.enable(ask(...question));
  let value: Value = { shape: 'number', number: NaN };
  for (const [i, look] of looks.entries()) {
    now = look.map((part) => kstat({ snaptime: (i + 1) * SECOND, ...part }));
    probe.flip();
    ({ value } = await probe.read());
  }
  return value;
}

async function keyed(...args: Parameters<typeof watch>): Promise<Record<string, number>> {
  const value = await watch(...args);
  return value.shape === 'keyed' ? Object.fromEntries(value.numbers) : { [value.shape]: NaN };
}

const cpu = (instance: number, kernel: number, user: number, more: Part = {}): Part => ({
  module: 'cpu',
  class: 'misc',
  name: 'sys',
  instance,
  data: { cpu_nsec_kernel: kernel, cpu_nsec_user: user, cpu_nsec_idle: 5 },
  ...more,
});

describe('cpu.cpus', () => {
  test('the first look yields nothing; then each CPU counts once, at the share of the time between snapshots', async () => {
    const looks = [
      [cpu(0, 0, 0), cpu(1, 100, 100)],
      [cpu(0, 0.2e9, 0.305e9), cpu(1, 100, 100)],
    ];
    expect(await watch(looks.slice(0, 1), 'cpu.cpus')).toEqual({ shape: 'number', number: 0 });
    expect(await watch(looks, 'cpu.cpus', ['cpu', 'utilization'])).toEqual({
      shape: 'keyed-distribution',
      distributions: new Map([
        ['0', [50, 1]],
        ['1', [0, 1]],
      ]),
    });
  });

  test("the time between snapshots is the kernel's, not ours", async () => {
    const looks = [[cpu(0, 0, 0, { snaptime: 0 })], [cpu(0, 1e9, 0, { snaptime: 4e9 })]];
    expect(await watch(looks, 'cpu.cpus', ['utilization'])).toMatchObject({ distribution: [25, 1] });
  });

  test('counters that went back, and a statistic made anew under its old name, yield nothing for that second', async () => {
    expect(await watch([[cpu(0, 100, 0)], [cpu(0, 50, 0)]], 'cpu.cpus')).toMatchObject({ number: 0 });
    expect(await watch([[cpu(0, 0, 0)], [cpu(0, 9, 0, { crtime: 2 })]], 'cpu.cpus')).toMatchObject({
      number: 0,
    });
    expect(await watch([[cpu(0, 0, 0)], [cpu(0, 9, 0)], []], 'cpu.cpus')).toMatchObject({ number: 0 });
  });

  test('statistics with an error, or without data, leave the others alone', async () => {
    const broken: Part = { ...cpu(1, 0, 0), error: new Error('ENXIO') };
    const { data: _, ...empty } = cpu(2, 0, 0);
    const looks = [
      [cpu(0, 0, 0), broken, empty],
      [cpu(0, 5, 5), broken, empty],
    ];
    expect(await watch(looks, 'cpu.cpus', ['cpu'])).toMatchObject({ numbers: new Map([['0', 1]]) });
  });
});

describe('zones', () => {
  const misc = (name: string, user: number, sys: number, wait: number, load = 0): Part => ({
    module: 'zones',
    class: 'zone_misc',
    name: name.slice(0, 30),
    data: { zonename: name, nsec_user: user, nsec_sys: sys, nsec_waitrq: wait, avenrun_1min: load },
  });
  const long = 'a0f2b1c4-7e61-4d0f-9d3c-000000000001';
  const looks = [
    [misc('global', 0, 0, 0), misc(long, 0, 0, 0)],
    [misc('global', 0.5e9, 0.25e9, 7, 64), misc(long, 1.5e9, 0, 12, 128)],
  ];

  test('percent of one CPU, by zone and mode, under the whole name of the zone', async () => {
    expect(await keyed(looks, 'cpu.usage', ['zonename'])).toEqual({ global: 75, [long]: 150 });
    expect(await keyed(looks, 'cpu.usage', ['cpumode'])).toEqual({ user: 200, kernel: 25 });
  });

  test('time that threads waited, and load', async () => {
    expect(await keyed(looks, 'cpu.waittime', ['zonename'])).toEqual({ global: 7, [long]: 12 });
    expect(await keyed(looks, 'cpu.loadavg1', ['zonename'])).toEqual({ global: 0.25, [long]: 0.5 });
  });

  const memory = (name: string, data: Record<string, number>): Part => ({
    module: 'memory_cap',
    class: 'zone_memory_cap',
    name,
    data: { zonename: name, ...data },
  });

  test('memory: what is held and may be held; no limit is left out', async () => {
    const look = [
      memory('a', { rss: 10, swap: 20, physcap: 100, swapcap: 200 }),
      memory('b', { rss: 1, swap: 2, physcap: 2 ** 64, swapcap: 0 }),
    ];
    expect(await keyed([look], 'memory.rss', ['zonename'])).toEqual({ a: 10, b: 1 });
    expect(await keyed([look], 'memory.swap', ['zonename'])).toEqual({ a: 20, b: 2 });
    expect(await keyed([look], 'memory.rss_limit', ['zonename'])).toEqual({ a: 100 });
    expect(await keyed([look], 'memory.swap_limit', ['zonename'])).toEqual({ a: 200 });
  });

  test('memory taken back and read again', async () => {
    const two = [[memory('a', { pagedout: 100, pgpgin: 5 })], [memory('a', { pagedout: 4196, pgpgin: 6 })]];
    expect(await watch(two, 'memory.reclaimed_bytes')).toMatchObject({ number: 4096 });
    expect(await watch(two, 'memory.pageins')).toMatchObject({ number: 1 });
  });

  test('logical reads and writes, and their bytes', async () => {
    const vfs = (n: number): Part => ({
      module: 'zone_vfs',
      class: 'zone_vfs',
      name: 'a',
      data: { zonename: 'a', reads: n, writes: 2 * n, nread: 100 * n, nwritten: 300 * n },
    });
    expect(await keyed([[vfs(0)], [vfs(3)]], 'fs.logical_rwops', ['optype'])).toEqual({ read: 3, write: 6 });
    expect(await keyed([[vfs(0)], [vfs(3)]], 'fs.logical_rwbytes', ['optype'])).toEqual({
      read: 300,
      write: 900,
    });
  });
});

describe('disks', () => {
  const disk = (module: string, n: number, rtime = 0): Part => ({
    module,
    class: 'disk',
    name: `${module}0`,
    data: { reads: n, writes: 2 * n, nread: 512 * n, nwritten: 4096 * n, rtime },
  });

  test('operations and bytes of disks of the known drivers, by direction', async () => {
    const looks = [
      [disk('sd', 0), disk('cmdk', 0), disk('md', 0)],
      [disk('sd', 1), disk('cmdk', 2), disk('md', 100)],
    ];
    expect(await keyed(looks, 'disk.physio_ops', ['disk'])).toEqual({ sd0: 3, cmdk0: 6 });
    expect(await keyed(looks, 'disk.physio_bytes', ['optype'])).toEqual({ read: 1536, write: 12_288 });
  });

  test('a disk counts once, by what it did and how long it was busy', async () => {
    const looks = [[disk('sd', 0)], [disk('sd', 4, 0.475e9)]];
    expect(await watch(looks, 'disk.disks', ['busytime'])).toMatchObject({ distribution: [47, 1] });
    expect(await watch(looks, 'disk.disks', ['iops'])).toMatchObject({ distribution: [12, 1] });
    expect(await watch(looks, 'disk.disks', ['bytes_write'])).toMatchObject({
      distribution: [LOG_GRID.bucketOf(16_384), 1],
    });
  });
});

test('links: physical ones by name, those of zones by zone', async () => {
  const link = (name: string, zonename: string, n: number): Part => ({
    module: 'link',
    class: 'net',
    name,
    data: { zonename, ipackets64: n, opackets64: 2 * n, rbytes64: 10 * n, obytes64: 20 * n },
  });
  const at = (n: number) => [
    link('igb0', 'global', n),
    link('external0', 'global', n),
    link('z3_net0', 'web', 2 * n),
  ];
  const looks = [at(0), at(5)];
  expect(await keyed(looks, 'nic.bytes', ['nic'])).toEqual({ igb0: 150 });
  expect(await keyed(looks, 'nic.packets', ['direction'])).toEqual({ received: 5, sent: 10 });
  expect(await keyed(looks, 'nic.vnic_bytes', ['zonename'])).toEqual({ web: 300 });
  expect(await keyed(looks, 'nic.vnic_packets', ['direction'])).toEqual({ received: 10, sent: 20 });
  expect(await watch(looks, 'nic.nics', ['nic', 'packets'])).toMatchObject({
    distributions: new Map([['igb0', [LOG_GRID.bucketOf(15), 1]]]),
  });
});

test('tcp: errors by kind, segments by direction, by instance', async () => {
  const tcp = (n: number): Part => ({
    module: 'tcp',
    class: 'mib2',
    name: 'tcp',
    instance: 3,
    data: { attemptFails: n, retransSegs: 2 * n, listenDropQ0: n, inSegs: 7 * n, outSegs: 8 * n, rtoMax: 60 },
  });
  expect(await keyed([[tcp(0)], [tcp(1)]], 'tcp.errors', ['errtype'])).toEqual({
    'failed connection attempt': 1,
    'retransmitted segment': 2,
    'connection refused from full half-open queue': 1,
  });
  expect(await keyed([[tcp(0)], [tcp(1)]], 'tcp.errors', ['tcpstack'])).toEqual({ '3': 4 });
  expect(await keyed([[tcp(0)], [tcp(1)]], 'tcp.segments', ['direction'])).toEqual({ received: 7, sent: 8 });
});

test('vm.exits: the five known reasons, and the rest as other', async () => {
  const vcpu = (exits: number, halt: number, io: number): Part => ({
    module: 'kvm',
    class: 'misc',
    name: 'vcpu-1',
    data: { zonename: 'vm', exits, 'halt-exits': halt, 'io-exits': io },
  });
  const looks = [
    [vcpu(0, 0, 0), { ...vcpu(0, 0, 0), name: 'vm' }],
    [vcpu(10, 4, 3), { ...vcpu(99, 0, 0), name: 'vm' }],
  ];
  expect(await keyed(looks, 'vm.exits', ['vleavereason'])).toEqual({ haltx: 4, iox: 3, other: 3 });
  expect(await keyed(looks, 'vm.exits', ['vcpuid'])).toEqual({ '1': 10 });
});

test('zfs.arc_ops: hits and misses', async () => {
  const arc = (hits: number, misses: number): Part => ({
    module: 'zfs',
    class: 'misc',
    name: 'arcstats',
    data: { hits, misses, size: 1 },
  });
  expect(await keyed([[arc(1, 1)], [arc(9, 3)]], 'zfs.arc_ops', ['optype'])).toEqual({ hit: 8, miss: 2 });
});

const elsewhere = process.platform === 'sunos' ? test.skip : test;

elsewhere(
  'where the package is not installed the source says why it does not work (skipped on illumos)',
  () => {
    expect(() => openKstats()).toThrow(/the package kstat is not installed; it is for illumos/);
  },
);
