/*
 * Which function an address is in. In: a process's number (0: the kernel) and an address. Out: a name from
 * /proc/kallsyms or from the symbols of the file that the process has there; where these say nothing, the file in brackets.
 *
 * Looked up when a second is read: of a process that is gone by then nothing is known. What is read from files is kept,
 * up to a limit of memory.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { cacheOfBytes } from '../../../../common/cache';
import { LIMITS } from '../../../../common/limits';
import { nameFromBytes } from '../../../../common/name';
import type { PairNames } from '../../metrics/observation';
import { MissingError } from './btf';
import { Elf } from './elf';
import { USER_HALF } from './field';
import { FunctionTable, placeOf } from './function_table';

export const KERNEL = '[kernel]';
export const GONE = '(unknown)';
/** Code that is in no file: made by the program as it runs. */
export const NO_FILE = '[no file]';

/** What a process has where; looked at anew after this long. */
const MAPS_MS = 500;
const PROCESSES_MAX = 2000;
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ *(.*)$/gm;

interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  readonly offset: bigint;
  /** As in the process's folder map_files. */
  readonly range: string;
  readonly path: string;
}

export class Functions implements PairNames {
  private kernel: FunctionTable | undefined;
  private preparing: Promise<void> | undefined;
  private readonly files = cacheOfBytes<Functioning>(
    LIMITS.functionBytes,
    ({ table }) => 100 + (table?.bytes ?? 0),
  );
  private mappings = new Map<bigint, readonly Mapping[]>();
  private since = -Infinity;
  private filesRead = 0;

  /** Reads the kernel's symbols, without holding up anybody. Never rejects: without them it is all one. */
  prepare(): Promise<void> {
    this.preparing ??= readFile('/proc/kallsyms').then(
      (text) => {
        this.kernel = kernelTable(text);
      },
      () => undefined,
    );
    return this.preparing;
  }

  nameOf(process: bigint, address: bigint): string {
    if (address > USER_HALF) return this.kernel?.nameOf(placeOf(address)) ?? KERNEL;
    const all = this.mappingsOf(process);
    if (all === undefined) return GONE;
    const mapping = all.find(({ from, to }) => address >= from && address < to);
    if (mapping === undefined || mapping.path === '') return NO_FILE;
    if (!mapping.path.startsWith('/')) return mapping.path; // [vdso]
    const { elf, table } = this.fileOf(process, mapping);
    const place = elf?.addressOf(Number(address - mapping.from + mapping.offset));
    const name = place === undefined ? undefined : table?.nameOf(place);
    return name ?? `[${basename(mapping.path).slice(0, LIMITS.functionNameBytes)}]`;
  }

  valuesOf(): never {
    throw new MissingError('functions can be broken down by, but not filtered by');
  }

  private mappingsOf(process: bigint): readonly Mapping[] | undefined {
    if (performance.now() - this.since > MAPS_MS || this.mappings.size > PROCESSES_MAX) {
      this.mappings = new Map();
      this.filesRead = 0;
      this.since = performance.now();
    }
    const known = this.mappings.get(process);
    if (known !== undefined) return known;
    try {
      const mappings = mappingsIn(nameFromBytes(readFileSync(`/proc/${process}/maps`)));
      this.mappings.set(process, mappings);
      return mappings;
    } catch {
      return undefined;
    }
  }

  private fileOf(process: bigint, { range, path }: Mapping): Functioning {
    // Not the path: the process may live in a container, and the file may have been replaced.
    for (const place of [`/proc/${process}/map_files/${range}`, `/proc/${process}/root${path}`]) {
      try {
        const { dev, ino, size, mtimeMs } = statSync(place);
        const key = [dev, ino, size, mtimeMs].join(' ');
        const known = this.files.get(key);
        if (known !== undefined) return known;
        // A second with many new programs must not keep the others waiting.
        if (this.filesRead++ >= LIMITS.functionFilesPerSecond) return {};
        const read = readFunctions(place);
        this.files.set(key, read);
        return read;
      } catch {
        // Another way there, or none.
      }
    }
    return {};
  }
}

interface Functioning {
  readonly elf?: Elf;
  readonly table?: FunctionTable;
}

/** Nothing for what is no program: its functions are not known, then. */
function readFunctions(path: string): Functioning {
  const file = openSync(path, 'r');
  try {
    const elf = new Elf((offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    });
    const table = new FunctionTable((add) => {
      elf.eachFunction(add);
    });
    return { elf, table };
  } catch {
    return {};
  } finally {
    closeSync(file);
  }
}

export function mappingsIn(text: string): Mapping[] {
  return [...text.matchAll(MAPPING)].map(([, from = '', to = '', offset = '', path = '']) => ({
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    offset: BigInt(`0x${offset}`),
    range: `${from}-${to}`,
    path: path.replace(/ \(deleted\)$/, ''),
  }));
}

/** Lines of "ffffffff81000000 T name", behind it a tab and the module in brackets. */
export function kernelTable(text: Buffer): FunctionTable | undefined {
  let hidden = true;
  const table = new FunctionTable((add) => {
    for (let at = 0; at < text.length;) {
      const end = text.indexOf(0x0a, at);
      const line = text.subarray(at, end === -1 ? text.length : end);
      at = end === -1 ? text.length : end + 1;
      if (!CODE.has(line[17] ?? 0)) continue;
      const place = parseInt(line.toString('latin1', 4, 16), 16);
      if (place !== 0) hidden = false;
      const tab = line.indexOf(0x09);
      add(place, 0, line.subarray(19, tab === -1 ? line.length : tab));
    }
  });
  // Without CAP_SYSLOG (kernel.kptr_restrict) all addresses are zero.
  return hidden ? undefined : table;
}

/** Kinds of symbols that are code: t, T, w, W. */
const CODE = new Set([0x74, 0x54, 0x77, 0x57]);
