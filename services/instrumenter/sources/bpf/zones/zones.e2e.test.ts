/* Events of cgroups on the real kernel: broken down by zone, filtered by zone, also of zones that come and go. Needs root. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { totalCount } from '../../../../../common/model/distribution';
import { totalOf } from '../../../../../common/model/value';
import { both, distributionOf, GETPPID, is, onRealKernel, own, perl, rename } from '../testing/real-kernel';
import { cgroupRoot } from './zones';

onRealKernel('zones', (kernel) => {
  const root = cgroupRoot(readFileSync('/proc/self/mounts', 'utf8')) ?? '';
  const made: string[] = [];
  /** A service of this run's own; its name as it is shown. */
  const make = (name: string): string => {
    const folder = `${own(name)}.service`;
    mkdirSync(join(root, folder));
    made.push(folder);
    return folder;
  };
  /** Perl: go into a cgroup and make calls there. */
  const callsIn = (zone: string, calls: number): string =>
    `open(P, ">", "${join(root, zone)}/cgroup.procs") or die; syswrite(P, $$); close P; for (1..${calls}) { syscall(${GETPPID}) }`;
  const calls = both(is('syscall', 'getppid'), is('execname', own('zone')));
  const script = (...parts: string[]): string => `${rename(own('zone'))} ${parts.join('\n')}`;

  afterEach(() => {
    for (const folder of made.splice(0)) rmdirSync(join(root, folder));
  });

  test('events are told apart by the service whose cgroup they happen in', async () => {
    const probe = await kernel.enable('syscall.syscalls', ['zonename', 'latency'], calls);
    const forks = await kernel.enable('unix.proc_forks', ['zonename']);
    const name = make('apart');
    perl(
      script(
        `for (1..11) { syscall(${GETPPID}) }`,
        callsIn(name, 23),
        'for (1..3) { if (!fork) { exit } wait }',
      ),
    );
    const value = await kernel.read(probe);
    expect(totalCount(distributionOf(value, name))).toBe(23);
    expect(totalOf(value)).toBe(34);
    expect((await kernel.numbers(forks)).get(name)).toBe(3);
  });

  test('a filter by zone gets exactly its zone’s events, of old and new cgroups, and nobody else’s', async () => {
    const mine = make('mine');
    const other = make('other');
    // Decided in the kernel: both are known when it begins.
    const total = await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', mine)));
    const all = await kernel.enable('syscall.syscalls', ['zonename'], calls);
    const byLatency = await kernel.enable(
      'syscall.syscalls',
      ['execname', 'latency'],
      both(is('zonename', mine), calls),
    );
    const late = `${own('late')}.service`;
    // A customer of two zones, one of which does not exist yet; and all others.
    const two = await kernel.enable('syscall.syscalls', ['zonename'], {
      kind: 'and',
      members: [{ kind: 'or', members: [is('zonename', mine), is('zonename', late)] }, calls],
    });
    const others = await kernel.enable(
      'syscall.syscalls',
      ['zonename'],
      both({ kind: 'compare', op: 'ne', field: 'zonename', constant: mine }, calls),
    );
    // Zones may have different predicates.
    const mixed = await kernel.enable('syscall.syscalls', ['zonename'], {
      kind: 'or',
      members: [both(is('zonename', mine), is('syscall', 'getppid')), both(is('zonename', late), calls)],
    });
    make('late');
    perl(script(callsIn(mine, 1000), callsIn(other, 300), callsIn(late, 70), callsIn(mine, 5)));
    expect(totalOf(await kernel.read(total))).toBe(1005);
    expect(await kernel.numbers(all)).toEqual(
      new Map([
        [mine, 1005],
        [other, 300],
        [late, 70],
      ]),
    );
    const value = await kernel.read(byLatency);
    expect(totalCount(distributionOf(value, own('zone')))).toBe(1005);
    expect(totalOf(value)).toBe(1005);
    const mineAndLate = new Map([
      [mine, 1005],
      [late, 70],
    ]);
    expect(await kernel.numbers(two)).toEqual(mineAndLate);
    expect(await kernel.numbers(mixed)).toEqual(mineAndLate);
    expect(await kernel.numbers(others)).toEqual(
      new Map([
        [other, 300],
        [late, 70],
      ]),
    );
    // By now the kernel's map has them all.
    perl(script(callsIn(late, 7), callsIn(other, 9)));
    expect(await kernel.numbers(two)).toEqual(new Map([[late, 7]]));
    expect(totalOf(await kernel.read(total))).toBe(0);
    expect(await kernel.numbers(others)).toEqual(
      new Map([
        [other, 9],
        [late, 7],
      ]),
    );
  });

  test('a container that is gone before the second is read is told by name, and filtered', async () => {
    const brief = `${own('brief')}.service`;
    const [probe, filtered, others] = [
      await kernel.enable('syscall.syscalls', ['zonename'], calls),
      await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', brief))),
      await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', 'global'))),
    ];
    make('brief');
    perl(script(callsIn(brief, 41)));
    rmdirSync(join(root, made.pop() ?? ''));
    expect(await kernel.numbers(probe)).toEqual(new Map([[brief, 41]]));
    expect(totalOf(await kernel.read(filtered))).toBe(41);
    expect(totalOf(await kernel.read(others))).toBe(0);
  });

  test('names of containers are hostile: shown as they are, and nobody else’s', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`lxc.payload.${own('x')}","y" || 1 == 1 \\x2d\t\u00e9`),
      Buffer.from([0xff]),
    ]);
    const zone = `${own('x')}","y" || 1 == 1 -\t\u00e9\\xff`;
    const folder = Buffer.concat([Buffer.from(`${root}/`), bytes]);
    mkdirSync(folder);
    try {
      const probe = await kernel.enable('syscall.syscalls', ['zonename'], both(calls, is('zonename', zone)));
      const prefix = await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', own('x'))));
      perl(
        script(
          `open(P, ">", pack("H*", "${folder.toString('hex')}") . "/cgroup.procs") or die; syswrite(P, $$); close P;
           for (1..13) { syscall(${GETPPID}) }`,
        ),
      );
      expect(await kernel.numbers(probe)).toEqual(new Map([[zone, 13]]));
      expect(totalOf(await kernel.read(prefix))).toBe(0);
    } finally {
      rmdirSync(folder);
    }
  });
});
