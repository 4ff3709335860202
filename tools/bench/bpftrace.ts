/*
 * bpftrace, the reference. In: a program. Out: a running tracer, ended by its id, or a message that there
 * is none. It mounts tracefs in its own mount namespace: nothing stays mounted on this machine.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { startGuard } from '../stack/process';

const MOUNT = [
  'for pair in "tracefs /sys/kernel/tracing" "debugfs /sys/kernel/debug"; do',
  '  set -- $pair; mountpoint -q "$2" || mount -t "$1" none "$2" 2>/dev/null',
  'done',
  'exec bpftrace -e "$0"',
].join('\n');

/** A tracer without output for this long has failed. */
const LIMIT_MS = 20_000;
/** "Attaching 2 probes..." is printed before they are; that takes a few hundred milliseconds more. */
const ATTACHING_MS = 1000;

let works: boolean | undefined;

/** Installed, and allowed to trace here. */
export function bpftraceWorks(): boolean {
  works ??= spawnSync('unshare', arguments_('BEGIN { exit(); }'), { timeout: LIMIT_MS }).status === 0;
  return works;
}

/** Rejects when the tracer ends, or prints nothing, before its probes are attached. */
export async function withBpftrace<T>(program: string, work: (pid: number) => Promise<T>): Promise<T> {
  const { tracer, guard } = start(program, 'pipe');
  const exited = once(tracer, 'exit');
  const timer = setTimeout(() => tracer.kill('SIGKILL'), LIMIT_MS);
  try {
    const ended = exited.then(() => {
      throw new Error('bpftrace ended before its probes were attached');
    });
    ended.catch(() => undefined);
    if (tracer.stdout === null) throw new Error('no output');
    await Promise.race([once(tracer.stdout, 'data'), ended]);
    await Promise.race([pause(ATTACHING_MS), ended]);
    return await work(tracer.pid ?? 0);
  } finally {
    tracer.kill('SIGINT');
    tracer.stdout?.resume();
    await exited;
    clearTimeout(timer);
    await guard.close();
  }
}

/** From the start to the end of a program that exits as soon as all is attached, ms. */
export async function attachMs(program: string): Promise<number> {
  const from = performance.now();
  const { tracer, guard } = start(`BEGIN { exit(); } ${program}`, 'ignore');
  const timer = setTimeout(() => tracer.kill('SIGKILL'), LIMIT_MS);
  const [code] = (await once(tracer, 'exit')) as [number | null];
  clearTimeout(timer);
  await guard.close();
  if (code !== 0) throw new Error('bpftrace could not attach its probes');
  return performance.now() - from;
}

function start(
  program: string,
  output: 'pipe' | 'ignore',
): { tracer: ChildProcess; guard: ReturnType<typeof startGuard> } {
  const tracer = spawn('unshare', arguments_(program), { stdio: ['ignore', output, 'ignore'] });
  const guard = startGuard();
  if (tracer.pid !== undefined) guard.add(tracer.pid);
  return { tracer, guard };
}

function arguments_(program: string): string[] {
  return ['-m', 'sh', '-c', MOUNT, program];
}
