/*
 * One kernel, booted under emulation with this machine's files below an overlay. In: its files, what to start with. Out:
 * its output, line by line; and, when the output stops, where each of its CPUs is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

interface MachineOptions {
  readonly qemu: string;
  readonly image: string;
  readonly initrd: string;
  readonly symbols: string;
  /** Where its monitor listens. */
  readonly monitor: string;
  /** Called with each line; returns whether it is a sign of life: a kernel that hangs prints complaints. */
  readonly line: (text: string) => boolean;
  /** Longest time that it may run, and that it may be silent. */
  readonly limitMs: number;
  readonly silenceMs: number;
}

export type Ending =
  { readonly how: 'ended' } | { readonly how: 'frozen' | 'late'; readonly where: readonly string[] };

const CPUS = 2;
const MEMORY_MB = 2048;

export async function runMachine(options: MachineOptions): Promise<Ending> {
  rmSync(options.monitor, { force: true });
  const child = spawn('nice', ['-n', '10', options.qemu, ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const began = Date.now();
  let heard = Date.now();
  const listen = (text: string): void => {
    if (options.line(text.replace(/\r/g, ''))) heard = Date.now();
  };
  createInterface({ input: child.stdout }).on('line', listen);
  createInterface({ input: child.stderr }).on('line', listen);
  let ended = false;
  const exited = once(child, 'exit').then(() => (ended = true));
  try {
    for (;;) {
      await Promise.race([exited, pause(500)]);
      if (ended) return { how: 'ended' };
      const how =
        Date.now() - heard > options.silenceMs
          ? 'frozen'
          : Date.now() - began > options.limitMs
            ? 'late'
            : undefined;
      if (how !== undefined) return { how, where: await whereabouts(options) };
    }
  } finally {
    await end(child);
    process.off('exit', stop);
  }
}

function argumentsOf({ image, initrd, monitor }: MachineOptions): string[] {
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(CPUS), '-m', String(MEMORY_MB)],
    ...['-kernel', image, '-initrd', initrd, '-append', 'console=ttyS0 loglevel=5 panic=-1 nokaslr'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', `unix:${monitor},server,nowait`],
    ...['-no-reboot', '-net', 'none'],
    '-virtfs',
    'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
  ];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** The function that each CPU is in, a few times: a CPU that hangs is in the same one each time. */
async function whereabouts({ monitor, symbols }: MachineOptions): Promise<string[]> {
  const names = symbolsOf(symbols);
  const seen: string[] = [];
  for (let i = 0; i < 3; i++) {
    const registers = await asked(monitor, 'info registers -a').catch(() => '');
    for (const [, address = ''] of registers.matchAll(/RIP=([0-9a-f]{16})/g))
      seen.push(nameOf(names, address));
    await pause(300);
  }
  return seen;
}

function asked(monitor: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(monitor, () => socket.write(`${command}\n`));
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('error', reject);
    setTimeout(() => {
      socket.destroy();
      resolve(text);
    }, 1500);
  });
}

type Symbols = readonly (readonly [address: string, name: string])[];

function symbolsOf(file: string): Symbols {
  try {
    return readFileSync(file, 'latin1')
      .split('\n')
      .flatMap((line) => {
        const [address, , name] = line.split(' ');
        return address === undefined || name === undefined ? [] : [[address, name] as const];
      });
  } catch {
    return [];
  }
}

/** Addresses have as many digits each, so that they compare as text. Without a list, or where kernels move, the address itself. */
function nameOf(symbols: Symbols, address: string): string {
  let found: string | undefined;
  for (const [from, name] of symbols) {
    if (from > address) break;
    found = name;
  }
  return found ?? address;
}
