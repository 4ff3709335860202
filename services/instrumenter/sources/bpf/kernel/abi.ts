/*
 * Numbers and layouts of bpf(2) and of the other system calls that the source needs, on x86-64 and arm64.
 * In: JavaScript values. Out: attributes as bytes. After include/uapi/linux/bpf.h; all little-endian.
 */
import type { MapKind } from '../compiler/compile';
import type { Architecture } from '../compiler/architecture';

interface SyscallNumbers {
  readonly bpf: number;
  readonly membarrier: number;
  readonly perfEventOpen: number;
  readonly ioctl: number;
}
export const SYSCALLS: Record<Architecture, SyscallNumbers> = {
  x64: { bpf: 321, membarrier: 324, perfEventOpen: 298, ioctl: 16 },
  arm64: { bpf: 280, membarrier: 283, perfEventOpen: 241, ioctl: 29 },
};

export const COMMAND = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  programLoad: 5,
  testRun: 10,
  programNextId: 11,
  infoByDescriptor: 15,
  rawTracepointOpen: 17,
  lookupAndDeleteBatch: 25,
  linkCreate: 28,
  enableStatistics: 32,
  iteratorCreate: 33,
} as const;
export type Command = keyof typeof COMMAND;

export const MAP_TYPES: Record<MapKind, number> = { hash: 1, array: 2, perCpuArray: 6 };
export const ARRAY_OF_MAPS = 12;
/** Programs at kernel functions are named by the way they are attached (hook.ts). */
export const PROGRAM_TYPES = {
  rawTracepoint: 17,
  sample: 7,
  user: 2,
  userLink: 2,
  breakpoint: 2,
  trampoline: 26,
  threads: 26,
} as const;
export type ProgramType = keyof typeof PROGRAM_TYPES;
export const ATTACH_TYPES = { functionEntry: 24, functionReturn: 25, iterator: 28, userLink: 48 } as const;
/** Flag of a link to places in user programs: it fires when a function returns. */
export const USER_RETURN = 1;
export const MEMBARRIER_GLOBAL = 1;
export const CLOCK = { realtime: 0, monotonic: 1 } as const;
export const RLIMIT_MEMLOCK = 8;

/** perf_event_open(2): an event of a CPU's clock at this frequency, initially disabled, closed on exec. */
export const PERF = {
  closeOnExec: 8,
  setBpf: 0x40042408,
  enable: 0x2400,
  clockEvent: (hertz: number): Buffer => {
    const bytes = Buffer.alloc(112); // PERF_ATTR_SIZE_VER5
    bytes.writeUInt32LE(1, 0); // software; config 0 is the CPU's clock
    bytes.writeUInt32LE(bytes.length, 4);
    bytes.writeBigUInt64LE(BigInt(hertz), 16);
    bytes.writeUInt32LE((1 << 0) | (1 << 10), 40); // disabled, and the number is a frequency
    return bytes;
  },
  /** A place in a file, in all processes that have it mapped. `path` is read from its address; it ends with a zero. */
  userEvent: (pmu: number, path: bigint, offset: number, semaphore: number, isReturn: boolean): Buffer => {
    const bytes = Buffer.alloc(112);
    bytes.writeUInt32LE(pmu, 0);
    bytes.writeUInt32LE(bytes.length, 4);
    bytes.writeUInt32LE(isReturn ? 1 : 0, 8); // config: the lowest bit means returns,
    bytes.writeUInt32LE(semaphore, 12); // the upper half is the semaphore's place in the file
    bytes.writeBigUInt64LE(path, 56);
    bytes.writeBigUInt64LE(BigInt(offset), 64);
    return bytes;
  },
  /** The entry or return of a kernel function. Its name is read from its address; it ends with a zero. */
  functionEvent: (pmu: number, name: bigint, isReturn: boolean): Buffer =>
    PERF.userEvent(pmu, name, 0, 0, isReturn),
} as const;

/** Error codes that are checked. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ENOMEM: 12,
  EACCES: 13,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ENOTSUPP: 524,
} as const;

/** A field of an attribute: bytes wide, value. Padding is written out. */
type Part = readonly [bytes: 4 | 8, value: number | bigint];

export function attribute(parts: readonly Part[]): Buffer {
  const bytes = Buffer.alloc(parts.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of parts) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUInt32LE(Number(value), at);
    at += size;
  }
  return bytes;
}

/** Maps and programs have names of at most 15 of these characters. */
export function objectName(name: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write(name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15), 'latin1');
  return bytes;
}
