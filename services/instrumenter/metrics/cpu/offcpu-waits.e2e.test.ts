/* cpu.offcpu_waits and lock.waits of a program that waits a known number of times for known things. Needs root. */
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import {
  ARCHITECTURE,
  both,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

const FUTEX = ARCHITECTURE === 'x64' ? 202 : 98;
/** 10 waits of 20 ms for a futex, 5 calls that wake nobody, 6 naps, 4 waits for a file descriptor, 3 for a pipe, 2 for a child. */
const WAITS = `use Time::HiRes qw(nanosleep); my $word = pack("l", 0); my $time = pack("qq", 0, 20_000_000);
  for (1..10) { syscall(${FUTEX}, $word, 128, 0, $time, 0, 0) }
  for (1..5) { syscall(${FUTEX}, $word, 129, 1, 0, 0, 0) }
  for (1..6) { nanosleep(20_000_000) }
  for (1..4) { select(undef, undef, undef, 0.02) }
  for (1..3) { open(my $pipe, "-|", "sleep 0.1; echo x"); sysread($pipe, my $in, 1); close $pipe }
  for (1..2) { system("sleep 0.1") }`;

onRealKernel('waits', (kernel) => {
  test('waits are counted by what a thread waits for, with their time; those of locks by program', async () => {
    const comm = own('waits');
    const mine = is('execname', comm);
    const reasons = await kernel.enable('cpu.offcpu_waits', ['waitreason', 'latency'], mine);
    const calls = await kernel.enable('cpu.offcpu_waits', ['syscall'], both(mine, is('waitreason', 'lock')));
    const locks = await kernel.enable('lock.waits', ['errno', 'latency'], mine);
    perl(`${rename(comm)} ${WAITS}`);
    const value = await kernel.read(reasons);
    if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
    const count = (reason: string): number => totalCount(value.distributions.get(reason) ?? []);
    expect({ lock: count('lock'), timer: count('timer'), event: count('event') }).toEqual({
      ...{ lock: 10, timer: 6, event: 4 },
    });
    // A pipe may be full, or a child at its end, before the program waits for it.
    expect(count('pipe or socket')).toBeGreaterThanOrEqual(3);
    expect(count('child')).toBeGreaterThanOrEqual(2);
    eachBucket(value.distributions.get('lock') ?? [], (bucket) =>
      expect(LOG_GRID.floorOf(bucket)).toBeGreaterThanOrEqual(19_000_000),
    );
    expect(Object.fromEntries(await kernel.numbers(calls))).toEqual({ futex: 10 });
    const waits = await kernel.read(locks);
    if (waits.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
    expect([...waits.distributions].map(([errno, d]) => [errno, totalCount(d)])).toEqual([['ETIMEDOUT', 10]]);
  }, 60_000);
});
