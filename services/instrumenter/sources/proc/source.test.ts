import { metricName } from '../../../../common/model/metric';
import { ask } from '../../testing/fakes';
import type { Files } from './files';
import { recorded, STAT, watch } from './testing/recorded';
import { METRICS } from '../../metrics/registry';
import { openProc } from './source';

/** user nice system idle iowait irq softirq steal guest guest_nice */
const cpu = (name: string, ...ticks: number[]) => `${name} ${ticks.join(' ')}`;
const stat = (...lines: string[]) => ({
  '/proc/stat': [cpu('cpu ', 9, 9, 9, 9), ...lines, 'intr 1 2', ''].join('\n'),
});

describe('cpu.cpus', () => {
  const before = stat(cpu('cpu0', 100, 0, 50, 1000, 20, 1, 2, 0, 0, 0), cpu('cpu1', 0, 0, 0, 0, 0, 0, 0, 0));

  test('each CPU counts once, at the share of its ticks that were neither idle nor stolen', async () => {
    const after = stat(
      cpu('cpu0', 130, 5, 60, 1050, 20, 2, 6, 0, 0, 0),
      cpu('cpu1', 0, 0, 0, 50, 0, 0, 0, 50),
    );
    expect(await watch([before, after], 'cpu.cpus', ['cpu', 'utilization'])).toEqual({
      shape: 'keyed-distribution',
      distributions: new Map([
        ['0', [50, 1]],
        ['1', [0, 1]],
      ]),
    });
    expect(await watch([before, after], 'cpu.cpus')).toEqual({ shape: 'number', number: 2 });
  });

  test('a fully busy CPU is at 100 percent, and iowait that goes back does not matter', async () => {
    const after = stat(cpu('cpu0', 200, 0, 50, 1002, 18, 1, 2, 0, 0, 0));
    expect(await watch([before, after], 'cpu.cpus', ['utilization'])).toMatchObject({
      distribution: [100, 1],
    });
  });

  test('a CPU taken off line is not counted any more', async () => {
    const after = stat(cpu('cpu1', 0, 0, 0, 100, 0, 0, 0, 0));
    expect(await watch([before, after], 'cpu.cpus', ['cpu'])).toMatchObject({ numbers: new Map([['1', 1]]) });
  });

  test('kernels without the later columns will do', async () => {
    const old = (busy: number) => stat(cpu('cpu0', busy, 0, 0, 75));
    expect(await watch([old(0), old(25)], 'cpu.cpus', ['utilization'])).toMatchObject({
      distribution: [100, 1],
    });
  });
});

describe('nic.bytes', () => {
  const dev = (...lines: string[]) => ({
    '/proc/net/dev': ['Inter-| Receive | Transmit', ' face |bytes packets …', ...lines, ''].join('\n'),
  });
  const line = (nic: string, received: number, sent: number) =>
    `${nic.padStart(6)}: ${received} 1 0 0 0 0 0 0 ${sent} 2 0 0 0 0 0 0`;
  const hardware = { '/sys/class/net/eth0/device/vendor': '0x1af4' };

  test('bytes of interfaces with hardware, by direction', async () => {
    const looks = [
      { ...dev(line('lo', 5, 5), line('eth0', 1000, 10), line('docker0', 900, 9)), ...hardware },
      { ...dev(line('lo', 95, 95), line('eth0', 1500, 17), line('docker0', 990, 99)), ...hardware },
    ];
    expect(await watch(looks, 'nic.bytes', ['direction'])).toMatchObject({
      numbers: new Map([
        ['received', 500],
        ['sent', 7],
      ]),
    });
    expect(await watch(looks, 'nic.bytes', ['nic'])).toMatchObject({ numbers: new Map([['eth0', 507]]) });
  });

  test('inside a container, where none has hardware, all but the loopback count', async () => {
    const looks = [dev(line('lo', 5, 5), line('eth0', 1, 1)), dev(line('lo', 6, 6), line('eth0', 3, 2))];
    expect(await watch(looks, 'nic.bytes', ['nic'])).toMatchObject({ numbers: new Map([['eth0', 3]]) });
  });

  test('a number that touches the colon is read', async () => {
    const looks = [dev('eth0:1000 0 0 0 0 0 0 0 0'), dev('eth0:1200 0 0 0 0 0 0 0 0')];
    expect(await watch(looks, 'nic.bytes')).toMatchObject({ number: 200 });
  });
});

describe('disk.physio_bytes', () => {
  const line = (name: string, read: number, written: number) =>
    ` 254 0 ${name} 10 0 ${read} 5 20 0 ${written} 7 0 3 9 0 0 0 0`;
  const diskstats = (...lines: string[]) => ({ '/proc/diskstats': [...lines, ''].join('\n') });
  const real = {
    '/sys/block/vda/device/vendor': '1',
    '/sys/block/loop0/size': '1',
    '/sys/block/dm-0/size': '1',
  };

  test('sectors of whole real disks, by direction; partitions and what is built of disks count once', async () => {
    const looks = [
      {
        ...diskstats(line('vda', 0, 0), line('vda1', 0, 0), line('dm-0', 0, 0), line('loop0', 0, 0)),
        ...real,
      },
      {
        ...diskstats(line('vda', 8, 2), line('vda1', 8, 2), line('dm-0', 8, 2), line('loop0', 1, 0)),
        ...real,
      },
    ];
    expect(await watch(looks, 'disk.physio_bytes', ['optype'])).toMatchObject({
      numbers: new Map([
        ['read', 4096],
        ['write', 1024],
      ]),
    });
    const predicate = { eq: ['optype', 'write'] };
    expect(await watch(looks, 'disk.physio_bytes', ['disk'], { predicate })).toMatchObject({
      numbers: new Map([['vda', 1024]]),
    });
    expect(await watch(looks, 'disk.physio_bytes', ['hostname'])).toMatchObject({
      numbers: new Map([['n1', 5120]]),
    });
  });
});

test('where there is no /proc the source says so; a file that is missing makes its metrics unavailable', () => {
  const options = { host: 'n1', elapsed: () => 0 };
  expect(() =>
    openProc(
      options,
      recorded(() => ({})),
    ),
  ).toThrow('there is no /proc as Linux has it');
  const offers = openProc(
    options,
    recorded(() => STAT),
  ).offers();
  expect(offers).toContainEqual({ metric: 'cpu.cpus', fields: ['hostname', 'cpu', 'utilization'] });
  expect(offers).toContainEqual({ metric: 'disk.physio_bytes', unavailable: 'cannot read /proc/diskstats' });
});

test('metrics looked at together read each file once', async () => {
  let reads = 0;
  let at = 0;
  const files = recorded(() => stat(cpu('cpu0', 1)));
  const counting: Files = { ...files, read: (path) => (reads++, files.read(path)) };
  const source = openProc({ host: 'n1', elapsed: () => at }, counting);
  const probes = await Promise.all([source.enable(ask('cpu.cpus')), source.enable(ask('cpu.cpus', ['cpu']))]);
  reads = 0;
  for (const round of [1, 2]) {
    at += 1e9;
    for (const probe of probes) probe.flip();
    expect(reads).toBe(round);
  }
});

test('the running kernel is read without error, twice, for every metric that is offered', async () => {
  const source = openProc({ host: 'n1', elapsed: () => performance.now() * 1e6 });
  for (const offer of source.offers()) {
    if (!('fields' in offer)) continue;
    const probe = await source.enable(ask(offer.metric));
    for (let look = 0; look < 2; look++) {
      probe.flip();
      expect(await probe.read()).toMatchObject({ lost: 0 });
    }
  }
  expect(new Set(source.offers().map(({ metric }) => metric))).toEqual(
    new Set(METRICS.filter((m) => m.proc !== undefined).map(metricName)),
  );
});

test('what cannot be read is refused with the reason', async () => {
  const source = openProc(
    { host: 'n1', elapsed: () => 0 },
    recorded(() => STAT),
  );
  const refused = (...asked: Parameters<typeof ask>) =>
    expect((async () => source.enable(ask(...asked)))()).rejects;
  await refused('disk.physio_bytes').toThrow(
    /cannot read disk.physio_bytes by .*: cannot read \/proc\/diskstats/,
  );
  await refused('cpu.cpus', ['execname']).toThrow('it does not have all of these fields');
  await refused('syscall.syscalls').toThrow('no description in the registry has a part for proc');
});
