/*
 * A program that counts in a hash map takes the lock of a bucket, with interrupts off. Before Linux 5.11 the kernel
 * does not detect that a program runs on the same CPU while that lock is held, and deadlocks. So programs may
 * run only where that cannot happen: docs/kernels.md says why for each of these places.
 */
import { METRICS } from '../../../metrics/registry';
import { PERF } from './abi';

/** None of them fires within the kernel's own work on a map, which neither sleeps, wakes a task nor allocates. */
const SAFE = new Set([
  'block_rq_complete',
  'block_rq_issue',
  'inet_sock_set_state',
  'irq_handler_entry',
  'irq_handler_exit',
  'mark_victim',
  'mm_vmscan_direct_reclaim_begin',
  'mm_vmscan_direct_reclaim_end',
  'mm_vmscan_memcg_reclaim_begin',
  'mm_vmscan_memcg_reclaim_end',
  // User memory is copied before a bucket's lock is taken, and after it is released: under it nothing faults.
  'page_fault_kernel',
  'page_fault_user',
  'sched_process_exec',
  'sched_process_exit',
  'sched_process_fork',
  'sched_switch',
  'sched_wakeup',
  'sched_wakeup_new',
  'signal_generate',
  'softirq_entry',
  'softirq_exit',
  'sys_enter',
  'sys_exit',
  'tcp_retransmit_skb',
]);

test('no program runs where the lock of a map may be held: not at the kernel’s allocations, locks or timers', () => {
  const moments = METRICS.flatMap(({ bpf }) => [...(bpf?.probes ?? []), ...(bpf?.rather?.probes ?? [])]).map(
    ({ at }) => at,
  );
  const tracepoints = moments.flatMap((at) => (at.kind === 'tracepoint' ? [at.name] : []));
  expect([...new Set(tracepoints)].filter((name) => !SAFE.has(name))).toEqual([]);
  const functions = moments.flatMap((at) => (at.kind === 'function' ? [at.function] : []));
  // Of the file system; where system calls begin; where a page that was touched is brought in, which may sleep.
  const safe = /^(vfs_|__(x64|ia32|arm64|do)_sys_|handle_mm_fault$)/;
  expect(functions.filter((name) => !safe.test(name))).toEqual([]);
});

test('samples are taken by a timer’s interrupt, which waits for the lock’s holder, and by none that cannot be masked', () => {
  const event = PERF.clockEvent(99);
  const [software, cpuClock] = [1, 0n];
  expect([event.readUInt32LE(0), event.readBigUInt64LE(8)]).toEqual([software, cpuClock]);
});
