/*
 * What was once found wrong, or unsaid, by outside witnesses and by users, and what holds it now: tests by their titles,
 * sentences of descriptions, or the reason why it is open. In: nothing. Out: rows of docs/truth.md; rows.test.ts checks that
 * every title and sentence is there.
 */
import type { MetricName } from '../../common/model/metric';

interface Row {
  readonly what: string;
  /** Titles of tests, as they are written. */
  readonly tests?: readonly string[];
  /** A metric, and how its sentence begins. */
  readonly misses?: readonly (readonly [MetricName, string])[];
  readonly open?: string;
}

const IO_URING: Row['misses'] = [
  ['fs.logical_rwops', 'io_uring'],
  ['fs.logical_ops', 'io_uring'],
  ['fs.syncs', 'syncs through io_uring'],
];

export const ROWS: readonly Row[] = [
  {
    what: 'disk.physio_ops had another total for another breakdown, and counted layers twice',
    tests: [
      '%s: the sum over any breakdown is the number without one, and a filter that excludes nothing changes nothing',
      'is answered by counters only where no source sees the events: two breakdowns must not mean two things',
      'requests of a device made of another are counted once, on the disk that has them in the end',
      'flushes and discards are kinds of their own, and the kernel’s empty write for each flush is none',
    ],
    misses: [['disk.physio_ops', 'requests of devices made of others']],
  },
  {
    what: '32-bit and x32 programs: other calls’ names, false syncs, invisible file I/O',
    tests: [
      '32-bit programs have their own calls’ names, and what they do to files is seen',
      'calls with the bit of x32 have names',
    ],
  },
  {
    what: 'fork, vfork and clone counted twice unless a time was asked for; calls in progress counted by some questions',
    tests: [
      'a fork is one call, whether its time is asked for or not',
      'a call that was under way when the question came counts in none of its forms',
    ],
  },
  {
    what: 'calls refused by seccomp vanished when their time was asked for',
    tests: ['calls that a seccomp filter refuses count with their error, also where their time is asked for'],
  },
  {
    what: 'rt_sigreturn had no name; -1 printed unsigned',
    tests: ['a call that overwrites its number, and numbers that no call has, are called by what was asked'],
  },
  {
    what: 'memory.reclaimed_bytes was 0 when a container’s limit takes memory back',
    tests: ['pages read from disk, and taken back, by zone'],
  },
  {
    what: 'cpu.waittime was not the sum of the waits',
    tests: [
      'where the scheduler counts it: the run delay of all CPUs, in nanoseconds',
      '%s: the sum over any breakdown is the number without one, and a filter that excludes nothing changes nothing',
    ],
    misses: [['cpu.waittime', 'where only pressure stall information']],
  },
  {
    what: 'execname was a thread’s name in some metrics',
    tests: [
      'a program with named threads is one program in every metric, and its threads are a field of their own',
    ],
  },
  {
    what: 'levels at a granularity of 10 s and more showed the first 5 s alone',
    tests: [
      'point scope: a slot is the mean of its reports, nodes add up, and a time range is the mean of its slots',
      'point scope: distributions are means of their reports, whatever the granularity',
    ],
  },
  {
    what: 'a late timer moved events into the second before',
    tests: [
      'calls after the whole second count to the next, though it is turned 400 ms late',
      'an event counts in its own second, however late the tick comes; the first second is whole',
    ],
  },
  {
    what: 'collections of a busy Node.js program stand in a later second',
    misses: [['node.gc_ops', 'the second in which it was']],
  },
  {
    what: 'memory.pageins counts major faults, not pages',
    misses: [['memory.pageins', 'pages that are read along']],
  },
  {
    what: 'tcp.lifetimes.bytes was one too many',
    tests: ['bytes are those that programs sent and received: what opens and closes a connection is none'],
  },
  {
    what: '`lost` had events that the filter would not have counted',
    tests: [
      'an event that there was no room for is lost to a question only if its filter might have let it pass',
      'of twenty questions under overload, each has counted or lost what was made',
    ],
  },
  {
    what: 'offsets of writes with O_APPEND',
    tests: [
      'reads and writes of files are counted by kind, with size, place and file system; others are not',
    ],
  },
  { what: 'file I/O by io_uring and Linux AIO', misses: IO_URING },
  {
    what: 'sendfile, copy_file_range and stores to mapped files',
    tests: ['what is copied inside the kernel counts once, with its bytes and from where'],
    misses: [['fs.logical_rwops', 'stores to mapped files']],
  },
  {
    what: 'SQL statements that fail, and several in one message',
    misses: [
      ['postgres.queries', 'queries that fail'],
      ['postgres.queries', 'that one message holds several'],
    ],
  },
  {
    what: 'connections that are refused or time out',
    tests: [
      'a connection is counted where it is opened and accepted, with its addresses, and when it has ended',
    ],
    misses: [['tcp.connects', 'connects that fail before a packet']],
  },
  {
    what: 'HTTP requests that fail or are given up, fetch(), the time of the body',
    misses: [
      ['node.httpc_ops', 'requests that fail'],
      ['node.httpc_ops', 'fetch()'],
      ['node.httpc_ops', 'the body of the answer'],
      ['node.httpd_ops', 'requests that the client gives up'],
    ],
  },
  {
    what: 'a call in progress was nowhere',
    tests: [
      'a read that hangs counts in each second in which it does, and is as old as it is',
      'what was hanging before anybody asked is found, with its name and the time that it waits',
    ],
    misses: [['syscall.syscalls', 'a call that has not returned']],
  },
  {
    what: 'interrupted calls count again; exit never',
    misses: [
      ['syscall.syscalls', 'a call that a signal interrupts'],
      ['syscall.syscalls', 'calls that never return'],
    ],
  },
  {
    what: 'filters that can never match were accepted: long names, other spellings, unknown calls',
    tests: [
      'a filter that no event can match is refused, with the nearest one that can match',
      'with sources of other systems, only values that no system has are refused',
    ],
  },
  {
    what: 'arguments of processes had two lengths',
    tests: ['each process counts once, by name, arguments, parent, threads, memory and zone'],
  },
  {
    what: 'failed opens; fstat; operations by path',
    tests: [
      'what fails to open counts with its error; fstat and msync count as what they do, not by how they are called',
      'files and folders that get or lose a name are counted, or the kernel says why it cannot be watched there',
    ],
    misses: [['fs.logical_ops', 'operations on a path']],
  },
  {
    what: 'writes with O_DSYNC wait, and are no syncs',
    misses: [['fs.syncs', 'writes to files that were opened']],
  },
  {
    what: 'page faults inside the kernel',
    tests: ['faults that a system call takes in a program’s memory count too'],
  },
  { what: 'more than 16,384 threads in calls', misses: [['syscall.syscalls', 'while more than 16,384']] },
  { what: 'tcp.accepts counts handshakes', misses: [['tcp.accepts', 'whether a program has taken']] },
  {
    what: 'counters of TCP and of interfaces were the instrumenter’s network namespace’s alone',
    tests: [
      'TCP counts in every network namespace, under the name of its container',
      'the interfaces of a container are virtual ones, counted by container and not among the machine’s',
    ],
    misses: [['tcp.errors', 'network namespaces without a program']],
  },
  {
    what: 'keys are cut',
    misses: [
      ['dns.lookups', 'the end of names'],
      ['node.httpd_ops', 'the end of URLs'],
      ['python.functions', 'the end of names'],
    ],
  },
  {
    what: 'a tick that is more than a second late costs seconds; overload as such',
    tests: [
      'a tick that is seconds late costs the seconds after the one that was being counted, and their events are lost',
    ],
  },
  { what: 'a parallel System.gc() is one pause', misses: [['java.gc_ops', 'that a parallel System.gc()']] },
  {
    what: 'a Host header ended the front door, or an aggregator',
    tests: ['no Host header changes the path that was admitted'],
  },
  {
    what: 'a clock that was set put six seconds into one, and shifted a minute, unsaid',
    tests: [
      'a clock that is set by %d ms costs no event: each is in one second, or lost',
      'a jump by %d ms is noticed from messages, confirmed, reported and corrected',
    ],
  },
  {
    what: 'two machines of one name: known to the loser alone',
    tests: ['a second node of a name ends, and the config service says which machine it is on'],
  },
  {
    what: 'signals of timers had a bystander as sender, across containers',
    tests: ['a timer’s signal comes from the program that set the timer, not from whoever was running'],
  },
  {
    what: 'rootless containers were one zone',
    tests: ["a service of a user belongs to that user's manager, which the host runs", 'rootless docker'],
  },
  {
    what: 'in a PID namespace another process’s arguments were shown',
    tests: [
      'numbers of processes are the kernel’s only in the first PID namespace, and where /proc is that one’s',
    ],
  },
  {
    what: 'the exchange of values deleted: no values, and all is well',
    tests: [
      'values go through an exchange of their own; when somebody deletes it, only they are lost, until it is mended',
    ],
  },
  {
    what: 'low disk: the wrong advice',
    tests: ['a lack that lasts is said once, and its end'],
  },
  {
    what: 'two views of one device counted twice',
    tests: ['two views of one thing count once: paths of an NVMe disk, a virtual function of an interface'],
    misses: [['disk.physio_ops', 'NVMe disks with several paths']],
  },
  {
    what: 'times on the page over a change to or from summer time, and dates over days',
    open: 'held by the page’s own tests, not here',
  },
];

const HEAD = `# Is it true?

Made by \`node build/tools/catalogue/main.js\` from \`tools/truth/rows.ts\`; do not edit.

Three things hold the numbers. \`make truth\` runs a workload of known size for each metric that a machine has, beside a witness
(the table is in [catalogue.md](catalogue.md)). \`make truth-long\` makes calls at a constant rate on a machine with five busy
programs for each CPU, through a whole system, and holds every second against the maker's own count. And what outside
witnesses and users have found wrong, or found unsaid, is a test, or a sentence that each metric says of itself (\`misses\`):
the table below.

Measured on 2026-11-30, two shared cores, Linux 6.18, load 20 to 28 (ten busy programs of its own, the rest others'):

| run | seconds | exact | off by one event | missing | wrong | made | counted | lost |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`make truth-long\`: 30 minutes, 500 calls a second, [] | 1801 | 1757 | 44 | 0 | 0 | 900,000 | 900,000 | 0 |
| the same by [pid, latency] | 1801 | 1757 | 44 | 0 | 0 | 900,000 | 900,000 | 0 |
| the same by [latency] | 1801 | 1763 | 38 | 0 | 0 | 900,000 | 900,000 | 0 |
| \`make truth-long SECONDS=120 RATE=2000 QUESTIONS=20\`: each of the 20 | 237 | 211 | 26 | 0 | 0 | 240,000 | 240,000 | 0 |

Some hosts hide processes of their own from the kernel's tracing programs: neither what these do is seen by a source of
events, nor what interrupts them. Where interrupts are counted (requests of disks, retransmits, soft interrupts, timers'
signals), \`make truth\` therefore allows some per cent.

An event at the edge of a second may be in either: its maker reads the clock after it. The 240,000 calls took 237 s because the
machine had no more to give.

`;

/** docs/truth.md */
export function truthPage(): string {
  const lines = ROWS.map(({ what, tests = [], misses = [], open }) => {
    const held = [
      ...tests.map((title) => `test: ${title}`),
      ...misses.map(([metric, sentence]) => `said by \`${metric}\`: ${sentence} …`),
      ...(open === undefined ? [] : [open]),
    ];
    return `| ${what} | ${held.join('; ')} |`;
  });
  return `${HEAD}${['| what was wrong, or not said | what holds it |', '| --- | --- |', ...lines, ''].join('\n')}`;
}
