/*
 * Work of known size, and the expected value of each metric. Perl does it: it is on every Debian, and makes one system call
 * for each statement.
 */
import { ARCHITECTURE, GETPPID } from '../../services/instrumenter/sources/bpf/testing/real-kernel';

export interface Workload {
  readonly metric: `${string}.${string}`;
  /** Counted by this field, unless by none. */
  readonly by?: string;
  /** Files of /proc are left out: by writing to one the process gets its name. */
  readonly withoutProc?: boolean;
  /** Perl, run by a process of a name of its own, in a folder of its own. */
  readonly script: string;
  /** Exact counts by key; other keys may have any count. */
  readonly counts: Readonly<Record<string, number>>;
  /** At least these: others add to them. */
  readonly atLeast?: boolean;
}

const CONNECTIONS = `use Socket; socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK)); listen(L, 50);
  my $to = getsockname(L); for (1..20) { socket(C, PF_INET, SOCK_STREAM, 0); connect(C, $to) or die; accept(A, L); close(C); close(A) }`;
const CHILDREN = 'for (1..10) { my $p = fork(); if (!$p) { exec "/bin/true" } waitpid($p, 0) }';
const READS = `open(F, ">", "f"); syswrite(F, "x" x 100) for (1..70); close F;
  open(F, "<", "f"); sysread(F, my $b, 10) for (1..300); close F`;

/** Numbers of calls that Perl has no words for. */
const SYNC = {
  x64: { sync: 162, fdatasync: 75, syncfs: 306, sync_file_range: 277, msync: 26 },
  arm64: { sync: 81, fdatasync: 83, syncfs: 267, sync_file_range: 84, msync: 227 },
}[ARCHITECTURE];
/** msync with MS_ASYNC (1) waits for nothing, and does not count; with MS_SYNC (4) it does. */
const SYNCS = `use IO::Handle; open(F, ">", "f"); my $f = fileno(F); for (1..15) { syswrite(F, "x"); F->sync }
  syscall(${SYNC.fdatasync}, $f) for (1..4); syscall(${SYNC.sync}) for (1..2); syscall(${SYNC.syncfs}, $f) for (1..3);
  syscall(${SYNC.sync_file_range}, $f, 0, 0, 7) for (1..5); syscall(${SYNC.msync}, 0, 0, 4) for (1..6); syscall(${SYNC.msync}, 0, 0, 1) for (1..7)`;

/** The whole value of a metric, without a breakdown. */
const ALL = '';

export const WORKLOADS: readonly Workload[] = [
  {
    metric: 'syscall.syscalls',
    by: 'syscall',
    script: `syscall(${GETPPID}) for (1..500)`,
    counts: { getppid: 500 },
  },
  {
    metric: 'unix.signals',
    by: 'signal',
    script: `$SIG{USR1} = sub { }; $SIG{USR2} = 'IGNORE'; for (1..30) { kill 'USR1', $$ } for (1..12) { kill 'USR2', $$ }`,
    counts: { SIGUSR1: 30, SIGUSR2: 12 },
  },
  { metric: 'unix.proc_forks', script: CHILDREN, counts: { [ALL]: 10 } },
  {
    metric: 'fs.logical_ops',
    by: 'optype',
    withoutProc: true,
    script: READS,
    counts: { read: 300, write: 70 },
  },
  {
    metric: 'fs.logical_rwops',
    by: 'optype',
    withoutProc: true,
    script: READS,
    counts: { read: 300, write: 70 },
  },
  {
    metric: 'fs.logical_rwbytes',
    by: 'optype',
    withoutProc: true,
    script: READS,
    counts: { read: 3000, write: 7000 },
  },
  {
    metric: 'fs.syncs',
    by: 'syscall',
    script: SYNCS,
    counts: { fsync: 15, fdatasync: 4, sync: 2, syncfs: 3, sync_file_range: 5, msync: 6 },
  },
  {
    metric: 'fs.path_ops',
    by: 'optype',
    script: `for (1..20) { open(N, ">", "f$_") } for (1..9) { mkdir "d$_" } rename "f$_", "r$_" for (1..20); unlink "r$_" for (2..20)`,
    counts: { mkdir: 9, rename: 20, remove: 19 },
  },
  {
    metric: 'memory.page_faults',
    script: 'my $b = "x" x (4096 * 1000); substr($b, 4096 * $_, 1) = "y" for (0..999)',
    counts: { [ALL]: 100 },
    atLeast: true,
  },
  { metric: 'tcp.connects', script: CONNECTIONS, counts: { [ALL]: 20 } },
  {
    metric: 'unix.proc_exits',
    script: 'for (1..10) { my $p = fork(); exit if !$p; waitpid($p, 0) }',
    counts: { [ALL]: 11 },
  },
  {
    metric: 'dns.lookups',
    by: 'name',
    script: 'use Socket qw(:all); getaddrinfo("127.0.0.1") for (1..7); getaddrinfo("::1")',
    counts: { '127.0.0.1': 7, '::1': 1 },
  },
  {
    metric: 'cpu.thread_samples',
    // Of the time that it has the CPU: an emulator's may stand still.
    script: 'my $end = 2 + (times)[0]; 1 while (times)[0] < $end',
    counts: { [ALL]: 50 },
    atLeast: true,
  },
  {
    metric: 'cpu.thread_executions',
    script: 'select(undef, undef, undef, 0.01) for (1..30)',
    counts: { [ALL]: 30 },
    atLeast: true,
  },
];
