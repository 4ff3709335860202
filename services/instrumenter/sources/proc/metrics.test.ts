import { LOG_GRID } from '../../../../common/model/bucket';
import { recorded, STAT, watch, type Texts } from './testing/recorded';
import { ask } from '../../testing/fakes';
import { openProc } from './source';

const ID = 'abcdef0123456789'.repeat(4);
const CONTAINER = `/system.slice/docker-${ID}.scope`;

/** keyed values as an object, for short. */
async function keyed(...args: Parameters<typeof watch>): Promise<Record<string, number>> {
  const value = await watch(...args);
  return value.shape === 'keyed' ? Object.fromEntries(value.numbers) : { [value.shape]: NaN };
}

const V1_MOUNTS = [
  'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
  'cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0',
  'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0',
  'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
].join('\n');
const V2_MOUNTS = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0';

describe('cpu.usage', () => {
  const machine = (user: number, kernel: number): Texts => ({
    '/proc/stat': `cpu  ${user} 0 ${kernel} 9999 5 0 0 0 0 0\ncpu0 0 0 0 0\n`,
  });
  const v1 = (user: number, kernel: number, ofMachine: Texts): Texts => ({
    ...ofMachine,
    '/proc/mounts': V1_MOUNTS,
    [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage_user`]: `${user * 1e7}\n`,
    [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage_sys`]: `${kernel * 1e7}\n`,
  });
  const v2 = (user: number, kernel: number, ofMachine: Texts): Texts => ({
    ...ofMachine,
    '/proc/mounts': V2_MOUNTS,
    [`/sys/fs/cgroup${CONTAINER}/cpu.stat`]: `usage_usec 1\nuser_usec ${user * 1e4}\nsystem_usec ${kernel * 1e4}\n`,
  });

  test.each([
    ['version 1', v1],
    ['version 2', v2],
  ])('percent of one CPU by zone, the global one being what containers leave (%s)', async (_name, zone) => {
    const looks = [zone(500, 50, machine(1000, 100)), zone(550, 60, machine(1080, 130))];
    expect(await keyed(looks, 'cpu.usage', ['zonename'])).toEqual({ abcdef012345: 60, global: 50 });
    expect(await keyed(looks, 'cpu.usage', ['cpumode'])).toEqual({ user: 80, kernel: 30 });
    const predicate = { eq: ['zonename', 'global'] };
    expect(await keyed(looks, 'cpu.usage', ['cpumode'], { predicate })).toEqual({ user: 30, kernel: 20 });
  });

  test('a container that ends does not leave its past to the global zone', async () => {
    const looks = [v2(5000, 50, machine(9000, 100)), { ...machine(9010, 100), '/proc/mounts': V2_MOUNTS }];
    expect(await keyed(looks, 'cpu.usage', ['zonename'])).toEqual({ global: 10 });
  });

  test('without control groups all of it is global', async () => {
    expect(await keyed([machine(0, 0), machine(7, 2)], 'cpu.usage', ['zonename'])).toEqual({ global: 9 });
  });
});

test('cpu.loadavg1 is the first number of /proc/loadavg', async () => {
  expect(await watch([{ '/proc/loadavg': '1.75 0.50 0.25 2/345 678\n' }], 'cpu.loadavg1')).toEqual({
    shape: 'number',
    number: 1.75,
  });
});

describe('cpu.waittime', () => {
  const schedstat = (a: number, b: number): Texts => ({
    '/proc/schedstat': `version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 77 ${a} 9\ndomain0 3 1 2 3 4 5 6 7 8\ncpu1 0 0 0 0 0 0 77 ${b} 9\n`,
  });
  const pressure = (us: number, zone = 0): Texts => ({
    '/proc/mounts': V2_MOUNTS,
    '/proc/pressure/cpu': `some avg10=0.00 avg60=0.00 avg300=0.00 total=${us}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`,
    [`/sys/fs/cgroup${CONTAINER}/cpu.pressure`]: `some avg10=0.00 avg60=0.00 avg300=0.00 total=${zone}\n`,
  });

  test('where the scheduler counts it: the run delay of all CPUs, in nanoseconds', async () => {
    expect(await watch([schedstat(100, 200), schedstat(150, 1200)], 'cpu.waittime')).toMatchObject({
      number: 1050,
    });
  });

  test('elsewhere the time in which at least one task waited, by zone', async () => {
    const looks = [pressure(1000, 10), pressure(1500, 30)];
    expect(await watch(looks, 'cpu.waittime')).toMatchObject({ number: 500_000 });
    expect(await keyed(looks, 'cpu.waittime', ['zonename'])).toEqual({
      global: 500_000,
      abcdef012345: 20_000,
    });
  });

  test("one machine has one kind of number: with the scheduler's, zonename is not offered", () => {
    const offers = (texts: Texts) =>
      openProc(
        { host: 'n', elapsed: () => 0 },
        recorded(() => ({ ...STAT, ...texts })),
      )
        .offers()
        .filter(({ metric }) => metric === 'cpu.waittime');
    expect(offers({ ...schedstat(1, 1), ...pressure(1) })).toEqual([
      { metric: 'cpu.waittime', fields: ['hostname'] },
    ]);
    expect(offers(pressure(1))).toEqual([{ metric: 'cpu.waittime', fields: ['hostname', 'zonename'] }]);
    expect(offers({})).toContainEqual({
      metric: 'cpu.waittime',
      unavailable: 'cannot read /proc/pressure/cpu',
    });
  });
});

test('memory.pressure: time in which some and in which all tasks waited add up to the time that any did', async () => {
  const at = (some: number, full: number): Texts => ({
    '/proc/pressure/memory': `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`,
  });
  expect(await keyed([at(100, 10), at(150, 30)], 'memory.pressure', ['stalled'])).toEqual({
    'some tasks': 30_000,
    'all tasks': 20_000,
  });
  expect(await watch([at(100, 10), at(150, 30)], 'memory.pressure')).toMatchObject({ number: 50_000 });
});

describe('memory by zone', () => {
  const MIB = 1024 ** 2;
  const meminfo = [
    'MemTotal: 8192 kB',
    'SwapTotal: 4096 kB',
    'SwapFree: 3072 kB',
    'AnonPages: 3072 kB',
    'Mapped: 1024 kB',
    '',
  ].join('\n');
  const v1Zone = `/sys/fs/cgroup/memory${CONTAINER}`;
  const v2Zone = `/sys/fs/cgroup${CONTAINER}`;
  const v1 = (majfaults = 0): Texts => ({
    '/proc/mounts': V1_MOUNTS,
    '/proc/meminfo': meminfo,
    [`${v1Zone}/memory.stat`]: `rss 1\ntotal_rss ${MIB}\ntotal_mapped_file ${MIB}\ntotal_swap 4096\ntotal_pgmajfault ${majfaults}\n`,
    [`${v1Zone}/memory.limit_in_bytes`]: `${2 * MIB}\n`,
    [`${v1Zone}/memory.memsw.limit_in_bytes`]: `${3 * MIB}\n`,
    '/sys/fs/cgroup/memory/system.slice/free.service/memory.stat': '',
    '/sys/fs/cgroup/memory/system.slice/free.service/memory.limit_in_bytes': '9223372036854771712\n',
  });
  const v2 = (majfaults = 0, stolen = 0): Texts => ({
    '/proc/mounts': V2_MOUNTS,
    '/proc/meminfo': meminfo,
    [`${v2Zone}/memory.stat`]: `anon ${MIB}\nfile 5\nfile_mapped ${MIB}\npgmajfault ${majfaults}\npgsteal ${stolen}\n`,
    [`${v2Zone}/memory.max`]: `${2 * MIB}\n`,
    [`${v2Zone}/memory.swap.current`]: '4096\n',
    [`${v2Zone}/memory.swap.max`]: `${MIB}\n`,
    '/sys/fs/cgroup/system.slice/free.service/memory.max': 'max\n',
  });

  test.each([
    ['version 1', v1],
    ['version 2', v2],
  ])('what is held, what may be, what is swapped out (%s)', async (_name, zone) => {
    const by = (stat: string) => keyed([zone()], `memory.${stat}`, ['zonename']);
    expect(await by('rss')).toEqual({ abcdef012345: 2 * MIB, global: 2 * MIB });
    expect(await by('rss_limit')).toEqual({ abcdef012345: 2 * MIB, global: 8 * MIB });
    expect(await by('swap')).toEqual({ abcdef012345: 4096, global: MIB - 4096 });
    expect(await by('swap_limit')).toEqual({ abcdef012345: MIB, global: 4 * MIB });
    expect(await watch([zone()], 'memory.rss')).toMatchObject({ number: 4 * MIB });
  });

  test('pages read from disk, and taken back, by zone', async () => {
    const vmstat = (faults: number, stolen: number) => ({
      '/proc/vmstat': `pgmajfault ${faults}\npgsteal_kswapd ${stolen}\npgsteal_direct 5\n`,
    });
    const looks = [
      { ...v2(10, 100), ...vmstat(100, 1000) },
      { ...v2(14, 103), ...vmstat(110, 1010) },
    ];
    expect(await keyed(looks, 'memory.pageins', ['zonename'])).toEqual({ abcdef012345: 4, global: 6 });
    expect(await keyed(looks, 'memory.reclaimed_bytes', ['zonename'])).toEqual({
      abcdef012345: 3 * 4096,
      global: 7 * 4096,
    });
    const limits = [100, 104].map((pages) => ({
      ...looks[0],
      '/proc/vmstat': `pgsteal_kswapd 5\npgsteal_anon ${pages}\npgsteal_file 7\n`,
    }));
    expect(await watch(limits, 'memory.reclaimed_bytes')).toMatchObject({ number: 4 * 4096 });
    const large = looks.map((look) => ({ ...look, '/proc/self/smaps': 'KernelPageSize:       64 kB\n' }));
    expect(await watch(large, 'memory.reclaimed_bytes')).toMatchObject({ number: 10 * 65_536 });
  });
});

test('looks into the cache of ZFS, by whether they found something, and by nothing that is called alike', async () => {
  const arcstats = (hits: number, misses: number): Texts => ({
    '/proc/spl/kstat/zfs/arcstats': `9 1 0x01 147 39984 4105384923 19034556\nname                            type data
hits                            4    ${hits}\niohits                          4    7\nmisses                          4    ${misses}
demand_data_hits                4    99${hits}\nmfu_ghost_hits                  4    ${misses}\n`,
  });
  const looks = [arcstats(1000, 10), arcstats(1500, 35)];
  expect(await keyed(looks, 'zfs.arc_ops', ['optype'])).toEqual({ hit: 500, miss: 25 });
  expect(await watch(looks, 'zfs.arc_ops')).toMatchObject({ number: 525 });
});

describe('disks and interfaces as things', () => {
  const disk = (reads: number, writes: number, busyMs: number): Texts => ({
    '/proc/diskstats': ` 8 0 sda ${reads} 0 ${reads * 8} 0 ${writes} 0 ${writes * 8} 0 0 ${busyMs} 0\n`,
    '/sys/block/sda/device/model': 'x',
  });
  const looks = [disk(0, 0, 0), disk(5, 7, 470)];

  test('a disk counts once, by what it did in the second', async () => {
    const bucket = (v: number) => LOG_GRID.bucketOf(v);
    for (const [field, expected] of [
      ['iops', 12],
      ['iops_read', 5],
      ['iops_write', 7],
      ['bytes', bucket(12 * 4096)],
      ['bytes_read', bucket(5 * 4096)],
      ['bytes_write', bucket(7 * 4096)],
      ['busytime', 47],
    ] as const) {
      expect(await watch(looks, 'disk.disks', ['disk', field])).toMatchObject({
        distributions: new Map([['sda', [expected, 1]]]),
      });
    }
    expect(await keyed(looks, 'disk.physio_ops', ['optype'])).toEqual({ read: 5, write: 7 });
  });

  test('flushes and discards are kinds of their own, and the kernel’s empty write for each flush is none', async () => {
    const line = (writes: number, flushes: number, discards: number): Texts => ({
      '/proc/diskstats': ` 8 0 sda 0 0 0 0 ${writes} 0 0 0 0 0 0 ${discards} 0 0 0 ${flushes} 0\n`,
      '/sys/block/sda/device/model': 'x',
    });
    const between = [line(100, 10, 0), line(1329, 316, 7)];
    expect(await keyed(between, 'disk.physio_ops', ['optype'])).toEqual({
      write: 923,
      flush: 306,
      discard: 7,
    });
    expect(await watch(between, 'disk.physio_ops')).toMatchObject({ number: 1236 });
  });

  test('two views of one thing count once: paths of an NVMe disk, a virtual function of an interface', async () => {
    const nvme = (n: number): Texts => ({
      '/proc/diskstats': ['nvme0n1', 'nvme0c0n1', 'nvme0c1n1']
        .map((name, i) => ` 259 ${i} ${name} ${i === 0 ? 2 * n : n} 0 0 0 0 0 0 0 0 0 0\n`)
        .join(''),
      ...Object.fromEntries(
        ['nvme0n1', 'nvme0c0n1', 'nvme0c1n1'].map((name) => [`/sys/block/${name}/device/model`, 'x']),
      ),
      '/sys/block/nvme0c0n1/hidden': '1\n',
      '/sys/block/nvme0c1n1/hidden': '1\n',
      '/sys/block/nvme0n1/hidden': '0\n',
    });
    expect(await keyed([nvme(0), nvme(505)], 'disk.physio_ops', ['disk'])).toEqual({ nvme0n1: 1010 });
    const nics = (n: number): Texts => ({
      '/proc/net/dev': `a\nb\n eth0: ${n} 1 0 0 0 0 0 0 0 0\n enP1s1: ${n} 1 0 0 0 0 0 0 0 0\n bond0: ${n} 1 0 0 0 0 0 0 0 0\n`,
      '/sys/class/net/eth0/device/x': '',
      '/sys/class/net/enP1s1/device/x': '',
      '/sys/class/net/enP1s1/upper_eth0/x': '',
      '/sys/class/net/eth0/upper_bond0/x': '',
    });
    expect(await keyed([nics(0), nics(1_000_000)], 'nic.bytes', ['nic'])).toEqual({ eth0: 1_000_000 });
  });

  test('a disk that was busy throughout is at 100 percent, not above', async () => {
    expect(await watch([disk(0, 0, 0), disk(1, 0, 1004)], 'disk.disks', ['busytime'])).toMatchObject({
      distribution: [100, 1],
    });
  });

  test('an interface counts once, by what went over it', async () => {
    const nic = (n: number): Texts => ({
      '/proc/net/dev': `a\nb\n eth0: ${n * 100} ${n} 0 0 0 0 0 0 ${n * 10} ${n * 2} 0 0 0 0 0 0\n`,
    });
    const value = (field: string) => watch([nic(0), nic(3)], 'nic.nics', [field]);
    expect(await value('packets')).toMatchObject({ distribution: [9, 1] });
    expect(await value('packets_in')).toMatchObject({ distribution: [3, 1] });
    expect(await value('packets_out')).toMatchObject({ distribution: [6, 1] });
    expect(await value('bytes')).toMatchObject({ distribution: [LOG_GRID.bucketOf(330), 1] });
    expect(await keyed([nic(0), nic(3)], 'nic.packets', ['direction'])).toEqual({ received: 3, sent: 6 });
  });
});

test('tcp.errors and tcp.segments from their tables, whatever columns the kernel has', async () => {
  const tcp = (failed: number, retransmitted: number, overflows: number): Texts => ({
    '/proc/net/snmp': `Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm MaxConn AttemptFails InSegs OutSegs RetransSegs\nTcp: 1 -1 ${failed} 100 200 ${retransmitted}\n`,
    '/proc/net/netstat': `TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 ${overflows}\nIpExt: A\nIpExt: 1\n`,
  });
  expect(await keyed([tcp(1, 2, 3), tcp(2, 4, 3)], 'tcp.errors', ['errtype'])).toEqual({
    'failed connection attempt': 1,
    'retransmitted segment': 2,
  });
  expect(await keyed([tcp(0, 0, 0), tcp(0, 0, 0)], 'tcp.segments', ['direction'])).toEqual({});
});

describe('unix.processes', () => {
  const stat = (pid: number, name: string, ppid: number, threads: number, pages: number) =>
    `${pid} (${name}) S ${ppid} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 ${threads} 0 ${pid * 10} 1000 ${pages} 1 1\n`;
  const texts: Texts = {
    '/proc/self/stat': 'x',
    '/proc/1/stat': stat(1, 'systemd', 0, 1, 3),
    '/proc/1/cmdline': '/sbin/init\0',
    '/proc/1/cgroup': '0::/init.scope\n',
    '/proc/2/stat': stat(2, 'kthreadd', 0, 1, 0),
    '/proc/2/cmdline': '',
    '/proc/70/stat': stat(70, 'a) S 9 (b\xff', 1, 8, 5),
    '/proc/70/cmdline': 'web\0--port\u000080\0',
    '/proc/70/cgroup': `0::${CONTAINER}\n`,
    '/proc/71/status': 'its stat is gone',
  };

  test('each process counts once, by name, arguments, parent, threads, memory and zone', async () => {
    const by = (...fields: string[]) => watch([texts], 'unix.processes', fields);
    expect(await by()).toEqual({ shape: 'number', number: 3 });
    expect(await keyed([texts], 'unix.processes', ['ppid'])).toEqual({ '0': 2, '1': 1 });
    expect(await keyed([texts], 'unix.processes', ['psargs'])).toEqual({
      '/sbin/init': 1,
      '[kthreadd]': 1,
      'web --port 80': 1,
    });
    expect(await keyed([texts], 'unix.processes', ['zonename'])).toEqual({ global: 2, abcdef012345: 1 });
    expect(await by('pid', 'rss')).toMatchObject({
      distributions: new Map([
        ['1', [LOG_GRID.bucketOf(3 * 4096), 1]],
        ['2', [0, 1]],
        ['70', [LOG_GRID.bucketOf(5 * 4096), 1]],
      ]),
    });
    expect(await by('nthreads')).toMatchObject({ distribution: [1, 2, 8, 1] });
  });

  test('a name may look like the rest of the line, and need not be UTF-8', async () => {
    expect(await keyed([texts], 'unix.processes', ['execname'])).toEqual({
      systemd: 1,
      kthreadd: 1,
      'a) S 9 (b\\xff': 1,
    });
  });
});

describe('fs.capacity', () => {
  const texts: Texts = {
    '/proc/filesystems': 'nodev\ttmpfs\n\text4\n\tsquashfs\nnodev\tnfs4\n',
    '/proc/mounts': [
      '/dev/sda1 / ext4 rw 0 0',
      '/dev/sda1 /bound ext4 rw 0 0',
      '/dev/sdb1 /data\\040of\\134me ext4 rw 0 0',
      'tmpfs /tmp tmpfs rw 0 0',
      'server:/x /net nfs4 rw 0 0',
      '/dev/loop0 /snap squashfs ro 0 0',
      '',
    ].join('\n'),
    'space /': '1000 300 250',
    'space /data of\\me': '500 500 500',
  };

  test("each disk's file system once: used, available and reserved add up to its size", async () => {
    expect(await keyed([texts], 'fs.capacity', ['space'])).toEqual({
      used: 700,
      available: 750,
      reserved: 50,
    });
    expect(await keyed([texts], 'fs.capacity', ['mountpoint'])).toEqual({ '/': 1000, '/data of\\me': 500 });
    expect(await watch([texts], 'fs.capacity')).toMatchObject({ number: 1500 });
  });

  test('one that does not answer leaves the others alone', async () => {
    const source = openProc(
      { host: 'n', elapsed: () => 0 },
      {
        ...recorded(() => ({ ...STAT, ...texts })),
        space: (path) =>
          path.toString() === '/'
            ? Promise.reject(new Error('EIO'))
            : Promise.resolve({ total: 5, free: 5, available: 5 }),
      },
    );
    const probe = await source.enable(ask('fs.capacity', ['mountpoint']));
    probe.flip();
    expect(await probe.read()).toMatchObject({ value: { numbers: new Map([['/data of\\me', 5]]) } });
  });
});
