/*
 * One kernel, booted under emulation with this machine's files below an overlay. In: its files, what to start with. Out:
 * its output, line by line; and, when the output stops, where each of its CPUs is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { DebianArchitecture } from './kernels';

interface MachineOptions {
  readonly qemu: string;
  readonly architecture: DebianArchitecture;
  /** Which the guest sees, and cannot write to. */
  readonly folder: string;
  readonly image: string;
  readonly initrd: string;
  /** A folder that the guest may write to: its kernel's addresses of functions, the first time. */
  readonly out: string;
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

/** A processor that Linux 5.10 knows; for authentication of pointers, which newer ones have, emulation takes long. */
const MACHINES: Record<DebianArchitecture, { readonly console: string; readonly words: readonly string[] }> =
  {
    amd64: { console: 'ttyS0', words: ['-cpu', 'max'] },
    arm64: { console: 'ttyAMA0', words: ['-machine', 'virt', '-cpu', 'cortex-a72'] },
  };

function argumentsOf({ image, initrd, monitor, architecture, folder, out }: MachineOptions): string[] {
  const { console, words } = MACHINES[architecture];
  return [
    ...['-accel', 'tcg,thread=multi', ...words, '-smp', String(CPUS), '-m', String(MEMORY_MB)],
    ...['-kernel', image, '-initrd', initrd],
    // Where one CPU does not answer, the kernel tells where all of them are. An emulator that gets no CPU itself loses ticks.
    ...[
      '-append',
      `console=${console} loglevel=5 panic=-1 nokaslr softlockup_all_cpu_backtrace=1 no_timer_check`,
    ],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', `unix:${monitor},server,nowait`],
    ...['-no-reboot', '-net', 'none'],
    '-virtfs',
    `local,path=${folder},mount_tag=host,security_model=none,readonly=on,multidevs=remap`,
    '-virtfs',
    `local,path=${out},mount_tag=out,security_model=none`,
  ];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** As init writes it (initramfs.ts). */
const SYMBOLS = 'symbols';
/** Words of a stack that are looked at. */
const STACK_WORDS = 192;
const FRAMES = 24;

/**
 * Where each CPU is, a few times: one that hangs is at the same place each time. The functions in which it is come from the
 * return addresses on its stack, and may have some that were left there before.
 */
async function whereabouts({ monitor, out }: MachineOptions): Promise<string[]> {
  const names = symbolsOf(join(out, SYMBOLS));
  const seen: string[] = [];
  for (let i = 0; i < 3; i++) {
    const registers = await asked(monitor, 'info registers -a').catch(() => '');
    for (const [cpu, text] of registers.split(/^CPU#/m).slice(1).entries()) {
      const at = /(?:RIP|PC)=([0-9a-f]{16})/.exec(text)?.[1] ?? '';
      const stack = /(?:RSP|SP)=([0-9a-f]{16})/.exec(text)?.[1] ?? '';
      const words = await asked(monitor, `x/${STACK_WORDS}gx 0x${stack}`).catch(() => '');
      const callers = [...words.matchAll(/0x([0-9a-f]{16})/g)].flatMap(
        ([, word = '']) => nameOf(names, word) ?? [],
      );
      seen.push(`CPU ${cpu}: ${[nameOf(names, at) ?? at, ...callers.slice(0, FRAMES)].join(' < ')}`);
    }
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

/** Functions of the kernel itself, by address: those of modules have brackets behind them, and variables another type. */
function symbolsOf(file: string): Symbols {
  try {
    return readFileSync(file, 'latin1')
      .split('\n')
      .flatMap((line) => {
        const [address, type, name] = line.split(' ');
        const isCode = type !== undefined && /^[tTwW]$/.test(type);
        return address === undefined || name === undefined || !isCode ? [] : [[address, name] as const];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1));
  } catch {
    return [];
  }
}

/** Addresses have as many digits each, so that they compare as text. Undefined: no function's, or no list is there. */
function nameOf(symbols: Symbols, address: string): string | undefined {
  let [from, to] = [0, symbols.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((symbols[middle]?.[0] ?? '') <= address) from = middle + 1;
    else to = middle;
  }
  return from === symbols.length ? undefined : symbols[from - 1]?.[1];
}
