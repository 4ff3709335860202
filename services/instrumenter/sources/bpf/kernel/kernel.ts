/*
 * The door to the kernel: the only file that imports koffi. In: commands of bpf(2) with their attributes.
 * Out: results; a KernelError with the error's number where the kernel refuses.
 *
 * Calls that may wait for the kernel's own housekeeping have an `Async` form that leaves the event loop alone.
 */
import { closeSync } from 'node:fs';
import koffi from 'koffi';
import {
  ARRAY_OF_MAPS,
  attribute,
  CLOCK,
  COMMAND,
  ERRNO,
  MAP_TYPES,
  MEMBARRIER_GLOBAL,
  PERF,
  RLIMIT_MEMLOCK,
  SYSCALLS,
  type Command,
  type ProgramType,
} from './abi';
import { INSTRUCTION_BYTES } from '../compiler/instructions/assembler';
import {
  attachAttribute,
  elementAttribute,
  loadAttribute,
  mapAttribute,
  RETURNED_AT,
  runAttribute,
  type FunctionTarget,
} from '../compiler/attributes';
import { closeLater } from './close-later';
import type { MapSpecification, Samples } from '../compiler/compile';
import type { Hook } from '../compiler/hook';
import type { Architecture } from '../compiler/architecture';
import { readClock, wallOffset } from './clocks';

const LICENCE = Buffer.from('GPL\0'); // most helpers are for programs under this licence only
/** Room for the verifier's words about a program that it refuses. Allocated only then. */
const LOG_BYTES = 4 * 1024 * 1024;

export class KernelError extends Error {
  readonly errno: number;
  /** What the verifier said. */
  readonly log: string;

  constructor(what: string, errno: number, log = '') {
    super(`${what}: ${errorName(errno)}`);
    this.errno = errno;
    this.log = log;
  }
}

export function errorName(errno: number): string {
  const name = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0];
  return name ?? `error ${errno}`;
}

/** Address of a buffer's first byte, for attributes that point to others. The buffer must outlive the call. */
export const addressOf = (buffer: Buffer): bigint => koffi.address(buffer);

/** Of all processes. An event of user programs belongs to a CPU, its program runs on all: the first is always there. */
const OF_ALL = [-1, 0, -1, PERF.closeOnExec] as const;

export class Kernel {
  private readonly numbers: (typeof SYSCALLS)[Architecture];
  private readonly syscall: koffi.KoffiFunction;
  private readonly clockGettime: koffi.KoffiFunction;
  private readonly perfEventOpen: koffi.KoffiFunction;
  private readonly ioctl: koffi.KoffiFunction;
  private readonly setrlimit: koffi.KoffiFunction;
  private barrier: { outer: number; inner: number } | undefined;
  private pendingGrace: Promise<void> | undefined;

  constructor(architecture: Architecture) {
    this.numbers = SYSCALLS[architecture];
    const libc = koffi.load(null);
    this.syscall = libc.func('long syscall(long, long, void *, long)');
    this.perfEventOpen = libc.func('long syscall(long, void *, long, long, long, long)');
    this.ioctl = libc.func('long syscall(long, long, long, long)');
    this.clockGettime = libc.func('int clock_gettime(int, void *)');
    this.setrlimit = libc.func('int setrlimit(int, void *)');
  }

  createMap(m: MapSpecification): number {
    return this.mapCreate(m.name, MAP_TYPES[m.kind], m.keyBytes, m.valueBytes, m.entries);
  }

  /** The descriptor of a loaded program. Throws a KernelError with the verifier's log. */
  load(name: string, code: Buffer, type: ProgramType = 'rawTracepoint', target?: FunctionTarget): number {
    const attributes = (log: Buffer | undefined): Buffer =>
      loadAttribute({
        name,
        type,
        code: addressOf(code),
        instructions: code.length / INSTRUCTION_BYTES,
        licence: addressOf(LICENCE),
        ...(log === undefined ? {} : { log: { address: addressOf(log), bytes: log.length } }),
        ...(target === undefined ? {} : { target }),
      });
    const descriptor = this.bpf('programLoad', attributes(undefined));
    if (descriptor >= 0) return descriptor;
    // Asked again for its reasons: writing them costs milliseconds that the usual, good case need not pay.
    const log = Buffer.alloc(LOG_BYTES);
    const again = this.bpf('programLoad', attributes(log));
    if (again >= 0) return again;
    const errno = koffi.errno();
    throw new KernelError(
      `the kernel refuses the program ${name}`,
      errno,
      log.toString('latin1', 0, log.indexOf(0)),
    );
  }

  /** The descriptor of the attachment: closing it detaches. */
  async attach(tracepoint: string, program: number): Promise<number> {
    const name = Buffer.from(`${tracepoint}\0`);
    const attributes = attachAttribute(addressOf(name), program);
    const link = await this.bpfAsync('rawTracepointOpen', attributes, name);
    if (link >= 0) return link;
    const again = this.bpf('rawTracepointOpen', attributes);
    if (again >= 0) return again;
    throw new KernelError(`tracepoint ${tracepoint} cannot be attached to`, koffi.errno());
  }

  /**
   * Has the program run so often a second on each CPU that is there now. Adds to `links` as they are made the
   * descriptors whose closing ends it, so that the caller can close them also when a KernelError is thrown.
   */
  sample({ hertz, cpus }: Samples, program: number, links: number[]): void {
    const { perfEventOpen, ioctl } = this.numbers;
    const event = PERF.clockEvent(hertz);
    for (let cpu = 0; cpu < cpus; cpu++) {
      const link = this.perfEventOpen(perfEventOpen, event, -1, cpu, -1, PERF.closeOnExec) as number;
      if (link < 0 && koffi.errno() === ERRNO.ENODEV) continue; // room for it, but no such CPU
      links.push(this.check('samples cannot be taken', link));
      this.check('samples cannot run a program', this.ioctl(ioctl, link, PERF.setBpf, program) as number);
      this.check('samples cannot begin', this.ioctl(ioctl, link, PERF.enable, 0) as number);
    }
  }

  /**
   * Has the program run at a function of the kernel; `pmu` is the number of kprobes (hooking.ts). Closing the
   * descriptor ends it, and may take the kernel long.
   */
  async attachFunction(
    { hooking, function: of, isReturn }: Hook,
    pmu: number,
    program: number,
  ): Promise<number> {
    const name = Buffer.from(`${of}\0`);
    if (hooking === 'breakpoint') {
      return this.attachEvent(of, PERF.functionEvent(pmu, addressOf(name), isReturn), name, program);
    }
    const attributes = attachAttribute(undefined, program);
    const link = await this.bpfAsync('rawTracepointOpen', attributes);
    if (link >= 0) return link;
    return this.check(`function ${of} cannot be attached to`, this.bpf('rawTracepointOpen', attributes));
  }

  /** Attaches to a function and lets go again, which the kernel takes its time for. Throws a KernelError. */
  tryFunction(of: string, program: number): void {
    const attributes = attachAttribute(undefined, program);
    const link = this.check(
      `function ${of} cannot be attached to`,
      this.bpf('rawTracepointOpen', attributes),
    );
    void closeLater(link);
  }

  /** The descriptor of such an event, which runs nothing yet; below 0 for an error. */
  openEvent(event: Buffer): number {
    return this.perfEventOpen(this.numbers.perfEventOpen, event, ...OF_ALL) as number;
  }

  /** `name`: what the event points to. */
  async attachEvent(what: string, event: Buffer, name: Buffer, program: number): Promise<number> {
    const { perfEventOpen, ioctl } = this.numbers;
    let link = await settled(this.perfEventOpen, perfEventOpen, event, ...OF_ALL).finally(() => name.length);
    // Asked again for the error's number: it is another thread's.
    if (link < 0) link = this.openEvent(event);
    this.check(`${what} cannot be attached to`, link);
    try {
      this.check(`${what} cannot run a program`, this.ioctl(ioctl, link, PERF.setBpf, program) as number);
      this.check(`${what} cannot begin`, this.ioctl(ioctl, link, PERF.enable, 0) as number);
    } catch (error) {
      closeSync(link);
      throw error;
    }
    return link;
  }

  /** False when there is no such key. */
  lookup(map: number, key: Buffer, value: Buffer): boolean {
    return this.bpf('mapLookup', elementOf(map, key, value)) >= 0;
  }

  update(map: number, key: Buffer, value: Buffer): void {
    this.check('a map cannot be written to', this.bpf('mapUpdate', elementOf(map, key, value)));
  }

  remove(map: number, key: Buffer): boolean {
    return this.bpf('mapDelete', elementOf(map, key, undefined)) >= 0;
  }

  /** The key after `key` (the first one without) into `next`; false behind the last. */
  nextKey(map: number, key: Buffer | undefined, next: Buffer): boolean {
    const from = key === undefined ? undefined : addressOf(key);
    return this.bpf('mapNextKey', elementAttribute(map, from, addressOf(next))) >= 0;
  }

  /** Run-time figures are counted until the returned descriptor is closed. */
  enableStatistics(): number {
    return this.check('statistics cannot be turned on', this.bpf('enableStatistics', attribute([[4, 0]])));
  }

  /** Runs a program once on given arguments of a raw tracepoint (Linux 5.10), for tests. Returns what it returned. */
  testRun(program: number, args: Buffer): number {
    const attributes = runAttribute(program, addressOf(args), args.length);
    this.check('a program cannot be run', this.bpf('testRun', attributes));
    return attributes.readUInt32LE(RETURNED_AT);
  }

  /**
   * Resolves when every program that ran when it was called has ended (a grace period of RCU, about 10 ms). Who
   * calls while one has not begun yet shares it.
   */
  gracePeriod(): Promise<void> {
    this.pendingGrace ??= new Promise((resolve, reject) => {
      // Begun when this turn of the event loop is over: all who ask within it are served by one.
      setImmediate(() => {
        this.pendingGrace = undefined;
        this.wait().then(resolve, reject);
      });
    });
    return this.pendingGrace;
  }

  private async wait(): Promise<void> {
    const result = await this.callAsync(this.numbers.membarrier, MEMBARRIER_GLOBAL, Buffer.alloc(8), 0);
    if (result >= 0) return;
    // Refused with nohz_full. The kernel waits in the same way before a changed map of maps is handed back.
    this.barrier ??= this.createBarrier();
    const key = Buffer.alloc(4);
    const value = Buffer.alloc(4);
    value.writeUInt32LE(this.barrier.inner);
    const attributes = elementOf(this.barrier.outer, key, value);
    if ((await this.bpfAsync('mapUpdate', attributes, key, value)) >= 0) return;
    throw new Error('the kernel offers no way to wait for running programs');
  }

  private createBarrier(): { outer: number; inner: number } {
    const inner = this.mapCreate('barrier', MAP_TYPES.array, 4, 4, 1);
    return { inner, outer: this.mapCreate('barriers', ARRAY_OF_MAPS, 4, 4, 1, inner) };
  }

  /** Nanoseconds from the monotonic clock to the wall clock. */
  wallOffset(): bigint {
    return wallOffset(this.clockGettime);
  }

  /** Nanoseconds of the clock that kernel programs read. */
  monotonic(): bigint {
    return readClock(this.clockGettime, CLOCK.monotonic);
  }

  /** Kernels before 5.11 charge maps to this limit. Without the right to raise it, it stays as it is. */
  raiseLockedMemory(): void {
    this.setrlimit(RLIMIT_MEMLOCK, Buffer.alloc(16, 0xff));
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  release(): void {
    if (this.barrier !== undefined) for (const fd of Object.values(this.barrier)) closeSync(fd);
    this.barrier = undefined;
  }

  private mapCreate(
    name: string,
    type: number,
    keyBytes: number,
    valueBytes: number,
    entries: number,
    inner = 0,
  ): number {
    const attributes = mapAttribute(name, [type, keyBytes, valueBytes, entries], inner);
    return this.check(`the kernel refuses the map ${name}`, this.bpf('mapCreate', attributes));
  }

  /** The result; throws a KernelError where it is an error's. */
  check(what: string, result: number): number {
    if (result < 0) throw new KernelError(what, koffi.errno());
    return result;
  }

  /** The number of the error of the last call that is not Async. */
  errno(): number {
    return koffi.errno();
  }

  bpf(command: Command, attributes: Buffer): number {
    return this.call(this.numbers.bpf, COMMAND[command], attributes, attributes.length);
  }

  private call(number: number, first: number, buffer: Buffer, last: number): number {
    return this.syscall(number, first, buffer, last) as number;
  }

  /** `alive`: buffers that the attributes point to, held until the call is over. */
  bpfAsync(command: Command, attributes: Buffer, ...alive: Buffer[]): Promise<number> {
    return this.callAsync(this.numbers.bpf, COMMAND[command], attributes, attributes.length).finally(
      () => alive.length,
    );
  }

  private callAsync(number: number, first: number, buffer: Buffer, last: number): Promise<number> {
    return settled(this.syscall, number, first, buffer, last);
  }
}

/** Calls on another thread. */
function settled(call: koffi.KoffiFunction, ...args: unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, result: number) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error instanceof Error ? error : new Error('a call into the kernel failed'));
    });
  });
}

function elementOf(map: number, key: Buffer, value: Buffer | undefined): Buffer {
  return elementAttribute(map, addressOf(key), value === undefined ? undefined : addressOf(value));
}
