/*
 * `make truth-long`: checks that every second holds the events made in it, for a long time, on an overloaded machine.
 *
 * A program makes calls at a constant rate, and counts by its own clock how many it made in which second; others keep each
 * CPU busy several times over. In: SECONDS, RATE, LOAD (busy programs per CPU), QUESTIONS, STOP. Out: what became of each second
 * in each question: exact to one event (a call may begin in one second and end in the next), or missing and in `lost`;
 * status 1 when an event is neither counted nor known to be lost, or counted twice.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { account, type Second } from './account';
import { GETPPID, NAME, TAKE_NAME } from './workload';

const setting = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const SECONDS = setting('SECONDS', 1800);
const RATE = setting('RATE', 500);
const LOAD = setting('LOAD', 5);
const QUESTIONS = setting('QUESTIONS', 3);
/** Seconds for which the instrumenter stands still, every 20: what is made then is missing, and must be lost. */
const STOP = setting('STOP', 0);
const STOP_EVERY_MS = 20_000;

/** A node that could not send keeps its values, so seconds are read only when they are this old. */
const SETTLED_SECONDS = 75;
const AT_ONCE = 60;
const BREAKDOWNS = [
  [],
  ['pid', 'latency'],
  ['latency'],
  ['execname'],
  ['syscall'],
  ['errno'],
  ['threadname'],
];

/** Makes all due calls, however late; prints each second that is over, with the number of calls in it. */
const GENERATOR = `use Time::HiRes qw(clock_gettime clock_nanosleep CLOCK_MONOTONIC CLOCK_REALTIME); $| = 1; ${TAKE_NAME}
  my ($begin, $of, $count) = (clock_gettime(CLOCK_MONOTONIC), 0, 0);
  for (my $i = 0; $i < ${RATE * SECONDS}; $i++) {
    my $wait = $begin + $i / ${RATE} - clock_gettime(CLOCK_MONOTONIC);
    clock_nanosleep(CLOCK_MONOTONIC, $wait * 1e9) if $wait > 0;
    syscall(${GETPPID});
    my $now = int(clock_gettime(CLOCK_REALTIME));
    if ($now != $of) { print "$of $count\\n" if $of; ($of, $count) = ($now, 0) }
    $count++;
  }
  print "$of $count\\n"; sleep 2`;

interface Point {
  readonly start_time: number;
  readonly value: unknown;
  readonly minreporting: number;
  readonly lost: number;
}

/** Of a number, numbers by key, a distribution, or distributions by key. */
function sumOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (Array.isArray(value))
    return value.reduce<number>((sum, entry) => sum + Number((entry as [unknown, number])[1]), 0);
  return Object.values(value as object).reduce<number>((sum, one) => sum + sumOf(one), 0);
}

async function main(): Promise<void> {
  const stack = await startTestStack({ sources: ['bpf'], ownBroker: true });
  const children: ChildProcess[] = [];
  const stops = setInterval(() => void standStill(stack), STOP_EVERY_MS);
  try {
    const uris: string[] = [];
    for (let i = 0; i < QUESTIONS; i++) uris.push(await ask(stack, BREAKDOWNS[i % BREAKDOWNS.length] ?? []));
    await pause(3000);
    for (let i = 0; i < LOAD * availableParallelism(); i++) children.push(spawn('perl', ['-e', '1 while 1']));
    const made = await generate(children, (seconds) => collect(stack, uris, seconds));
    const isRight = report(made, uris);
    process.exitCode = isRight ? 0 : 1;
  } finally {
    clearInterval(stops);
    for (const child of children) child.kill('SIGKILL');
    await stack.stop();
  }
}

async function standStill({ instrumenters }: TestStack): Promise<void> {
  if (STOP === 0) return;
  for (const one of instrumenters) one.signal('SIGSTOP');
  await pause(1000 * STOP);
  for (const one of instrumenters) one.signal('SIGCONT');
}

function ask(stack: TestStack, decomposition: readonly string[]): Promise<string> {
  return stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition,
    predicate: { and: [{ eq: ['execname', NAME] }, { eq: ['syscall', 'getppid'] }] },
    'retention-time': 900,
  });
}

const answers = new Map<string, Map<number, Second>>();

/** Resolves to the calls made in each second when all of them have been read. */
async function generate(
  children: ChildProcess[],
  read: (seconds: readonly number[]) => Promise<void>,
): Promise<Map<number, number>> {
  const made = new Map<number, number>();
  const child = spawn('perl', ['-e', `use strict; ${GENERATOR}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let ended = false;
  child.once('exit', () => (ended = true));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [second = 0, count = 0] = line.split(' ').map(Number);
    made.set(second, (made.get(second) ?? 0) + count);
  });
  let readTo = 0;
  for (let isLast = false; !isLast;) {
    isLast = ended;
    await pause(isLast ? 1000 * SETTLED_SECONDS : 10_000);
    const until = isLast ? Infinity : Date.now() / 1000 - SETTLED_SECONDS;
    const first = Math.min(...made.keys());
    const last = Math.max(...made.keys());
    if (made.size === 0) continue;
    // Also the seconds that the generator missed, and losses reported by the values after its end.
    const due: number[] = [];
    for (let s = Math.max(readTo, first - 1); s <= Math.min(until, last + (isLast ? AT_ONCE : 0)); s++)
      due.push(s);
    for (let i = 0; i < due.length; i += AT_ONCE) await read(due.slice(i, i + AT_ONCE));
    readTo = (due.at(-1) ?? readTo - 1) + 1;
    process.stdout.write(`${String(made.size)} of about ${String(SECONDS)} seconds\r`);
  }
  return made;
}

async function collect(stack: TestStack, uris: readonly string[], seconds: readonly number[]): Promise<void> {
  const [start] = seconds;
  if (start === undefined) return;
  for (const uri of uris) {
    const known = answers.get(uri) ?? new Map<number, Second>();
    answers.set(uri, known);
    const query = `start_time=${String(start)}&duration=1&ndatapoints=${String(seconds.length)}`;
    const got = await stack.get<Point | readonly Point[]>(`${uri}/value/raw?${query}`);
    for (const { start_time, value, minreporting, lost } of Array.isArray(got)
      ? (got as Point[])
      : [got as Point])
      known.set(start_time, { counted: sumOf(value), lost, reported: minreporting > 0 });
  }
}

function report(made: ReadonlyMap<number, number>, uris: readonly string[]): boolean {
  let isRight = true;
  for (const [i, uri] of uris.entries()) {
    const { text, misses } = account(made, answers.get(uri) ?? new Map());
    if (misses > 0) isRight = false;
    console.log(
      `${misses > 0 ? 'MISS' : 'ok  '} by [${(BREAKDOWNS[i % BREAKDOWNS.length] ?? []).join(', ')}]: ${text}`,
    );
  }
  return isRight;
}

void main();
