/*
 * The clock in a D program, on a real dtrace whose CPUs pause in turn: each fires in every other 700 ms only, as
 * an idle virtual CPU may for longer. A CPU that fires has to take the clock over, again and again.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { METRICS } from '../../metrics/registry';
import { runDtrace } from './child';
import { programOf } from './program';
import { questionOf } from './questions';
import { describeDtrace } from './testing/real-dtrace';

const CALLS = 3000;
const WORKER = 'ca-clock';
const PATIENCE_MS = 120_000;

function programWithSilentCpus(): string {
  const clauses = METRICS.find(({ module, stat }) => module === 'syscall' && stat === 'syscalls')?.dtrace
    ?.linux;
  const { text } = programOf(
    questionOf([], {
      kind: 'and',
      members: [
        { kind: 'compare', op: 'eq', field: 'syscall', constant: 'getppid' },
        { kind: 'compare', op: 'eq', field: 'execname', constant: WORKER },
      ],
    }),
    clauses ?? [],
    { host: 'node1', architecture: process.arch === 'arm64' ? 'arm64' : 'x64' },
  );
  return text
    .replaceAll(
      'profile:::profile-100hz /',
      'profile:::profile-100hz /(timestamp / 700000000 + cpu) % 2 == 0 && ',
    )
    .replaceAll('printf("S %d\\n", closed);', 'printf("C %d\\nS %d\\n", cpu, closed);');
}

/** Calls at an even pace for 4 s on every CPU, and keeps it busy meanwhile: an idle one might not fire at all. */
const WORK = `
import ctypes, os, time
libc = ctypes.CDLL(None)
for cpu in os.sched_getaffinity(0):
  if os.fork() == 0:
    os.sched_setaffinity(0, [cpu])
    libc.prctl(15, b'${WORKER}', 0, 0, 0)
    begin = time.monotonic()
    for i in range(${CALLS}):
      libc.getppid()
      while time.monotonic() < begin + 4 * i / ${CALLS}: pass
    os._exit(0)
children = len(os.sched_getaffinity(0))
for i in range(children): os.wait()
print(children)
`;

describeDtrace('the clock of a real dtrace', (dtrace) => {
  test(
    'is kept by whichever CPU fires: each event is in one second, and each second is closed once, in order',
    async () => {
      let printed = '';
      const complaints: string[] = [];
      let more: () => void = () => undefined;
      const child = runDtrace(dtrace, programWithSilentCpus(), {
        output: (chunk) => {
          printed += chunk.toString();
          more();
        },
        complaint: (line) => complaints.push(line),
      });
      const numbers = (letter: string): number[] =>
        [...printed.matchAll(new RegExp(`^${letter} (\\d+)\\n`, 'gm'))].map(([, number]) => Number(number));
      const printedSeconds = async (count: number): Promise<void> => {
        while (numbers('E').length < count) {
          const silent = await Promise.race([
            child.exited,
            new Promise<true>((resolve) => (more = () => resolve(true))),
          ]);
          if (silent === undefined) throw new Error(child.complaints());
        }
      };
      try {
        await printedSeconds(1);
        const work = spawn('python3', ['-c', WORK], { stdio: ['ignore', 'pipe', 'inherit'] });
        let told = '';
        work.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
        await once(work, 'close');
        const workers = Number(told);
        expect(workers).toBeGreaterThan(0);
        await printedSeconds(numbers('E').length + 2);
        const seconds = numbers('S');
        expect(complaints).toEqual([]);
        expect(numbers('E')).toEqual(seconds);
        expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b));
        expect(numbers('K').reduce((sum, count) => sum + count, 0)).toBe(workers * CALLS);
        if (workers > 1) expect(new Set(numbers('C')).size).toBeGreaterThan(1);
      } finally {
        await child.end();
      }
    },
    PATIENCE_MS,
  );
});
