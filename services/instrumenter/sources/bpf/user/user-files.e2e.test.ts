/* User programs that start while the source is open, in containers of one image. Needs root. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { totalOf } from '../../../../../common/model/value';
import type { MetricDescription } from '../../../metrics/language/description';
import { argument } from '../../../metrics/language/expression';
import { RUNNING } from '../../../metrics/process';
import { entry, userMoment, type Programs } from '../../../metrics/user';
import type { BpfSource } from '../bpf';
import { openBpf } from '../open';
import { HOST, instrumentation, noMountNamespace, perl } from '../testing/real-kernel';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
if (!isRoot) process.stderr.write('SKIPPED: user programs that come and go: it needs root\n');

/**
 * Perl under another name. Each rindex() of a script calls a function that every perl exports: it belongs to the API for
 * modules in C, while the functions of single operators are hidden since 5.38.
 */
const FUNCTION = 'Perl_rninstr';
const NAME = `ca-known-${process.pid}`;
const KNOWN: Programs = { title: 'known program', file: new RegExp(`^${NAME}$`), installed: [] };
const described = (spot: string): MetricDescription => ({
  module: 'unix',
  stat: 'signals',
  label: 'calls',
  question: 'Is each counted once?',
  unit: 'calls',
  interval: 'interval',
  fields: ['hostname', 'pid', 'execname'],
  bpf: {
    probes: [
      {
        at: userMoment(KNOWN, entry(spot)),
        steps: [
          { kind: 'count', fields: { hostname: argument(0), pid: RUNNING.pid, execname: RUNNING.execname } },
        ],
      },
    ],
  },
});

const TITLE = `user programs that come and go${isRoot ? '' : ' (skipped: it needs root)'}`;
(isRoot ? describe : describe.skip)(TITLE, () => {
  let folder: string;
  let program: string;
  const children: ChildProcessWithoutNullStreams[] = [];
  let source: BpfSource;
  let told = 0;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ca-known-'));
    for (const name of ['image', 'empty', 'a', 'b']) mkdirSync(join(folder, name));
    program = join(folder, 'image', NAME);
    copyFileSync(realpathSync(perl('print $^X')), program);
    chmodSync(program, 0o755);
    told = 0;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    source.close();
    rmSync(folder, { recursive: true });
  });

  function open(spot = FUNCTION): void {
    const opened = openBpf(HOST, [described(spot)]);
    if (typeof opened === 'string') throw new Error(opened);
    source = opened;
    source.onChange(() => told++);
  }

  /** Waits for a line; then calls the function that many times, prints a line, and stays. */
  async function start(calls: number, command: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
    const [name = '', ...args] = command;
    const script = `$| = 1; print "up\n"; <STDIN>; my ($in, $what) = ("a" x 9, "bc"); rindex($in, $what) for 1..${calls}; print "done\n"; <STDIN>`;
    const child = spawn(name, [...args, '-e', script]);
    children.push(child);
    await said(child, 'up');
    return child;
  }

  async function go(child: ChildProcessWithoutNullStreams): Promise<void> {
    const done = said(child, 'done');
    child.stdin.write('\n');
    await done;
  }

  test('what nobody has is unavailable; when somebody runs it, it is offered, told once, and counted from there', async () => {
    open();
    expect(source.offers()).toEqual([
      { metric: 'unix.signals', unavailable: 'no known program is installed or running here' },
    ]);
    await expect(source.enable(instrumentation('unix.signals', []))).rejects.toThrow('no known program');
    const first = await start(30, [program]);
    await source.look();
    await source.look();
    expect(told).toBe(1);
    expect(source.offers()).toEqual([{ metric: 'unix.signals', fields: ['hostname', 'pid', 'execname'] }]);
    const probe = await source.enable(instrumentation('unix.signals', []));
    await go(first);
    probe.flip();
    await source.settle();
    expect(totalOf((await probe.read()).value)).toBe(30);
  });

  test('two containers of one image are one file: what happens in both is counted once each', async () => {
    if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) {
      process.stderr.write('SKIPPED: this kernel has no overlay file system\n');
      return;
    }
    const why = noMountNamespace();
    if (why !== undefined) {
      process.stderr.write(`SKIPPED: ${why}\n`);
      return;
    }
    open();
    const inContainer = (at: string): string[] => [
      ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
      'mount -t overlay overlay -o "lowerdir=$0/empty:$0/image" "$0/$1" && p=$1 && shift && exec "$0/$p/$@"',
      ...[folder, at, NAME],
    ];
    const [first, second] = [await start(20, inContainer('a')), await start(7, inContainer('b'))];
    await source.look();
    const probe = await source.enable(instrumentation('unix.signals', []));
    expect(probe.watched()).toHaveLength(1);
    await Promise.all([go(first), go(second)]);
    probe.flip();
    await source.settle();
    expect(totalOf((await probe.read()).value)).toBe(27);
  });

  test('one of two files that cannot be watched is said to be so, and the other is watched', async () => {
    open();
    const damaged = join(folder, 'a', NAME);
    copyFileSync('/bin/sleep', damaged);
    const other = spawn(damaged, ['1000']);
    children.push(other);
    const first = await start(30, [program]);
    await source.look();
    const probe = await source.enable(instrumentation('unix.signals', []));
    expect(probe.watched()).toHaveLength(1);
    expect(probe.shortfall()).toBe(`1 of 2 files are not watched: ${damaged} has no uprobe:${FUNCTION}`);
    await go(first);
    probe.flip();
    await source.settle();
    expect(totalOf((await probe.read()).value)).toBe(30);
    const exited = once(other, 'exit');
    other.kill('SIGKILL');
    await exited;
    await source.look();
    // On a busy machine other processes may not be read in time, which is also reported.
    expect(probe.shortfall() ?? '').not.toContain(damaged);
  });

  test('a program without the place that is asked for is unavailable, and said why', async () => {
    open('no_such_function');
    await start(1, [program]);
    await source.look();
    expect(source.offers()).toEqual([
      { metric: 'unix.signals', unavailable: `${program} has no uprobe:no_such_function` },
    ]);
  });
});

function said(child: ChildProcessWithoutNullStreams, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (bytes: Buffer): void => {
      output += bytes.toString('latin1');
      if (!output.includes(words)) return;
      child.stdout.off('data', listen);
      resolve();
    };
    child.stdout.on('data', listen);
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString('latin1')));
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${complaint}`)));
    child.once('error', reject);
  });
}
