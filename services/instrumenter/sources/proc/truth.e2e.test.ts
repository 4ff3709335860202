/* The running kernel against other witnesses: control groups of our own, a process whose work is known. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Value } from '../../../../common/model/value';
import { ask } from '../../testing/fakes';
import { hierarchyOf } from './cgroups';
import { REAL_FILES } from './files';
import { openProc } from './source';

jest.setTimeout(60_000);

const ID = randomBytes(32).toString('hex');
const ZONE = ID.slice(0, 12);
const SCOPE = `docker-${ID}.scope`;
const MIB = 1024 ** 2;

const roots = [...new Set(['memory', 'cpuacct', 'pressure'] as const)].flatMap((controller) => {
  const root = hierarchyOf(REAL_FILES, controller)?.root;
  return root === undefined ? [] : [root];
});

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'making control groups needs root';
  if (roots.length === 0) return 'no control groups are mounted';
  try {
    mkdirSync(`${roots[0]}/ca-try-${process.pid}`);
    rmdirSync(`${roots[0]}/ca-try-${process.pid}`);
    return undefined;
  } catch (error) {
    return `control groups cannot be made: ${String(error)}`;
  }
}

const reason = whyNot();
const real = reason === undefined ? test : test.skip;
const because = reason === undefined ? '' : ` (skipped: ${reason})`;

/** Does one thing per line of its input, and prints "done". */
const WORKER = `
const lines = require('node:readline').createInterface({ input: process.stdin });
let kept;
lines.on('line', (line) => {
  if (line === 'hold') kept = Buffer.alloc(${64 * MIB}, 1);
  if (line === 'burn') { const from = process.cpuUsage(); for (let u = from; u.user + u.system - from.user - from.system < 400000; ) u = process.cpuUsage(); }
  console.log('done');
});
console.log('done');
`;

let child: ChildProcess | undefined;
const made: string[] = [];

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const folder of made.splice(0)) await removed(folder);
});

/** A control group can be removed a moment after its last process has ended. */
async function removed(folder: string): Promise<void> {
  for (let i = 0; i < 100 && existsSync(folder); i++) {
    try {
      rmdirSync(folder);
    } catch {
      await pause(20);
    }
  }
}

async function worker(): Promise<{ pid: number; tell: (line: string) => Promise<unknown> }> {
  child = spawn(process.execPath, ['-e', WORKER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { pid = 0, stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('no pipes');
  const lines = createInterface({ input: stdout });
  await once(lines, 'line');
  for (const root of new Set(roots)) {
    const folder = `${root}/${SCOPE}`;
    mkdirSync(folder);
    made.push(folder);
    writeFileSync(`${folder}/cgroup.procs`, String(pid));
  }
  return {
    pid,
    tell: (line) => {
      const answer = once(lines, 'line');
      stdin.write(`${line}\n`);
      return answer;
    },
  };
}

const keyed = (value: Value): ReadonlyMap<string, number> =>
  value.shape === 'keyed' ? value.numbers : new Map<string, number>();

const source = () => openProc({ host: 'n', elapsed: () => performance.now() * 1e6 });

real(`a container's CPU time is its processes' CPU time${because}`, async () => {
  const { pid, tell } = await worker();
  const ticks = () => {
    const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(after[11]) + Number(after[12]);
  };
  const probe = await source().enable(ask('cpu.usage', ['zonename']));
  const from = performance.now();
  const ticksBefore = ticks();
  probe.flip();
  await probe.read();
  const afterFirst = performance.now();
  await tell('burn');
  const beforeSecond = performance.now();
  probe.flip();
  const percent = keyed((await probe.read()).value).get(ZONE) ?? 0;
  const to = performance.now();
  const own = ticks() - ticksBefore;
  expect(own).toBeGreaterThanOrEqual(38);
  // Witness: /proc/<pid>/stat, in hundredths of a second. Readings take time on a busy machine: the period lies between.
  expect((percent * (beforeSecond - afterFirst)) / 1000).toBeLessThan(1.1 * own + 3);
  expect((percent * (to - from)) / 1000).toBeGreaterThan(0.9 * own - 3);
});

real(`a container's memory is what its processes hold, and its processes are its own${because}`, async () => {
  const { tell } = await worker();
  const here = source();
  const before = await here.enable(ask('memory.rss', ['zonename']));
  before.flip();
  const empty = keyed((await before.read()).value).get(ZONE) ?? 0;
  await tell('hold');
  const counted = roots.length > 0 && existsSync(`${made[0]}/memory.stat`);
  if (counted) {
    let held = empty;
    // Huge pages make few changes, and the kernel adds few changes up only every 2 s.
    for (let i = 0; i < 100 && held - empty < 60 * MIB; i++) {
      before.flip();
      held = keyed((await before.read()).value).get(ZONE) ?? 0;
      if (held - empty < 60 * MIB) await pause(100);
    }
    expect(held - empty).toBeGreaterThan(60 * MIB);
    expect(held - empty).toBeLessThan(90 * MIB);
  }
  const processes = await here.enable(ask('unix.processes', ['zonename']));
  processes.flip();
  expect(keyed((await processes.read()).value).get(ZONE)).toBe(1);
});

test('a process is counted once, with the threads that its status tells of', async () => {
  const probe = await source().enable(
    ask('unix.processes', ['pid', 'nthreads'], { predicate: { eq: ['pid', String(process.pid)] } }),
  );
  probe.flip();
  const { value } = await probe.read();
  const threads = Number(/^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  expect(value).toMatchObject({ distributions: new Map([[String(process.pid), [threads, 1]]]) });
});
