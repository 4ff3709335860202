/*
 * Which function an address is in. In: a process's number (0: the kernel) and an address. Out: a name from
 * /proc/kallsyms or from the symbols of the file that the process has there; where these say nothing, the file in brackets.
 *
 * Looked up before a second is read: of a process that is gone by then nothing is known. What is read from files is kept,
 * up to a limit of memory.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { cacheOfBytes } from '../../../../../common/service/cache';
import { nameFromBytes } from '../../../../../common/model/name';
import type { PairNames } from '../../../metrics/language/observation';
import {
  FILE_READS,
  PROCESS_READS,
  readStart,
  type BlockingIoPool,
  type IsLate,
  type Owner,
} from '../../blocking-io-pool';
import { ownerOfProcess } from '../../process-owner';
import { Share } from '../../share';
import { MissingError } from './kernel-types';
import { inTime } from './commands';
import { Elf, type Reader } from '../user/elf';
import { readElf } from '../user/elf-reading';
import { openRegular, type OpenedFile } from '../user/opened-file';
import { USER_HALF } from '../compiler/field';
import { FunctionTable, placeOf } from './function-table';
import { mappingsIn, mountinfoOf, obstacleOf, waysTo, type Mapping } from '../user/mapped';
import {
  COMMANDS_PER_SECOND,
  ELF_FILE_MS,
  FUNCTION_NAME_BYTES,
  PROCESS_MAPS_BYTES,
  USER_SHARE_OF_CPU,
} from '../../limits';

/** Memory of all tables of functions. */
const TABLE_BYTES = 16 * 1024 * 1024;
/** Files that are read for one second; the rest comes later. */
const FILES_PER_SECOND = 4;

export const KERNEL = '[kernel]';
export const GONE = '(unknown)';
/** Code that is in no file: made by the program as it runs. */
const NO_FILE = '[no file]';

/** A process as it was when the second was read: what it has where, and the functions of those that were asked for. */
interface Known {
  readonly mappings: readonly Mapping[];
  readonly files: Map<Mapping, Functioning>;
}

/** Files that may still be read for this second: what users run takes no place from the machine's own. */
class Budget {
  private own: number = FILES_PER_SECOND;
  private ofUsers: number = FILES_PER_SECOND;

  takes(owner: Owner): boolean {
    return (owner === undefined ? this.own-- : this.ofUsers--) > 0;
  }
}

export class Functions implements PairNames {
  private kernel: FunctionTable | undefined;
  private preparing: Promise<void> | undefined;
  private readonly share = new Share(USER_SHARE_OF_CPU);
  private readonly tables = cacheOfBytes<Functioning>(TABLE_BYTES, ({ table }) => 100 + (table?.bytes ?? 0));
  private readonly files: BlockingIoPool;
  private readonly proc: string;

  constructor(files: BlockingIoPool = FILE_READS, proc = '/proc') {
    this.files = files;
    this.proc = proc;
  }

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

  async meet(
    places: readonly (readonly [process: bigint, address: bigint])[],
  ): Promise<Pick<PairNames, 'nameOf'>> {
    const addresses = new Map<bigint, bigint[]>();
    for (const [process, address] of places) {
      if (address > USER_HALF) continue;
      const known = addresses.get(process);
      if (known !== undefined) known.push(address);
      else if (addresses.size < COMMANDS_PER_SECOND) addresses.set(process, [address]);
    }
    const processes = new Map<bigint, Known>();
    // A second with many new programs must not keep the others waiting.
    const budget = new Budget();
    // What comes too late is the next second's gain: files are kept.
    await inTime(
      Promise.all([...addresses].map(([process, all]) => this.meetOne(processes, [process, all], budget))),
    );
    return { nameOf: (process, address) => this.nameIn(processes.get(process), address) };
  }

  /** Of the kernel; processes have to be met. */
  nameOf(_process: bigint, address: bigint): string {
    return this.nameIn(undefined, address);
  }

  private nameIn(process: Known | undefined, address: bigint): string {
    if (address > USER_HALF) return this.kernel?.nameOf(placeOf(address)) ?? KERNEL;
    if (process === undefined) return GONE;
    const mapping = mappingAt(process.mappings, address);
    if (mapping === undefined || mapping.path === '') return NO_FILE;
    if (!mapping.path.startsWith('/')) return mapping.path; // [vdso]
    const { elf, table } = process.files.get(mapping) ?? {};
    const place = elf?.addressOf(Number(address - mapping.from + mapping.offset));
    const name = place === undefined ? undefined : table?.nameOf(place);
    return name ?? `[${basename(mapping.path).slice(0, FUNCTION_NAME_BYTES)}]`;
  }

  private async meetOne(
    processes: Map<bigint, Known>,
    [process, addresses]: readonly [bigint, readonly bigint[]],
    budget: Budget,
  ): Promise<void> {
    try {
      const pid = String(process);
      const ownerOf = (): Owner => ownerOfProcess(pid, this.proc);
      const maps = await readStart(PROCESS_READS, `${this.proc}/${pid}/maps`, PROCESS_MAPS_BYTES, ownerOf);
      const mappings = mappingsIn(nameFromBytes(maps));
      const files = new Map<Mapping, Functioning>();
      processes.set(process, { mappings, files });
      let mounts: Promise<readonly string[]> | undefined;
      for (const mapping of new Set(addresses.map((address) => mappingAt(mappings, address)))) {
        if (mapping?.path.startsWith('/') !== true) continue;
        const obstacle = await obstacleOf(
          mapping.device,
          () => (mounts ??= mountinfoOf(PROCESS_READS, this.proc, pid, ownerOf)),
        );
        if (obstacle === undefined)
          files.set(mapping, await this.fileOf(process, mapping, ownerOf(), budget));
      }
    } catch {
      // Gone, or it holds us up: nothing is known of it.
    }
  }

  valuesOf(): never {
    throw new MissingError('functions can be broken down by, but not filtered by');
  }

  private async fileOf(
    process: bigint,
    mapping: Mapping,
    owner: Owner,
    budget: Budget,
  ): Promise<Functioning> {
    for (const place of waysTo(this.proc, String(process), mapping)) {
      try {
        const read = await this.files.wait(
          place,
          ELF_FILE_MS,
          async (isLate) => {
            const file = await openRegular(place, mapping);
            try {
              return file === undefined ? undefined : await this.read(file, owner, budget, isLate);
            } finally {
              await file?.close();
            }
          },
          { ownerOf: () => owner },
        );
        if (read !== undefined) return read;
      } catch {
        // Another way there, or none.
      }
    }
    return {};
  }

  private async read(file: OpenedFile, owner: Owner, budget: Budget, isLate: IsLate): Promise<Functioning> {
    const known = this.tables.get(file.identity);
    if (known !== undefined) return known;
    if (this.share.isSpent(owner) || !budget.takes(owner)) return {};
    const find = (read: Reader): Functioning => {
      const from = performance.now();
      try {
        return functionsIn(read);
      } finally {
        this.share.spend(owner, performance.now() - from);
      }
    };
    // Nothing for what is no program: its functions are not known, then.
    const read = await readElf(file, find, isLate).catch(() => ({}));
    if (!isLate()) this.tables.set(file.identity, read);
    return read;
  }
}

function mappingAt(mappings: readonly Mapping[], address: bigint): Mapping | undefined {
  return mappings.find(({ from, to }) => address >= from && address < to);
}

interface Functioning {
  readonly elf?: Elf;
  readonly table?: FunctionTable;
}

function functionsIn(read: Reader): Functioning {
  const elf = new Elf(read);
  const table = new FunctionTable((add) => {
    elf.eachFunction(add);
  });
  return { elf, table };
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
