/*
 * Command lines of processes by their numbers, for fields that a program can only count by number.
 * In: /proc/<pid>/cmdline, when a second is read. Out: the same text that our programs in the kernel read: 80 bytes.
 *
 * That file is the process's own memory: reading it waits until the process has finished changing its mappings.
 */
import { nameFromBytes } from '../../../../../common/model/name';
import type { Names } from '../../../metrics/language/observation';
import { ownerOfProcess } from '../../process-owner';
import { PROCESS_READS, readStart, type Owner } from '../../blocking-io-pool';
import { MissingError } from './kernel-types';
import { PSARGS_BYTES } from '../compiler/resolve';
import { COMMANDS_PER_SECOND } from '../../limits';

/** Time limit for all lookups of one second. */
const NAMES_MS = 250;

/** A process that ended before it could be read, or that cannot be read. */
export const GONE = '(unknown)';

type Read = (process: bigint, bytes: number) => Promise<Buffer>;

export class Commands implements Names {
  private readonly read: Read;

  constructor(read: Read = readCommand) {
    this.read = read;
  }

  async meet(processes: readonly bigint[]): Promise<Pick<Names, 'nameOf'>> {
    const texts = new Map<bigint, string>();
    const all = processes.slice(0, COMMANDS_PER_SECOND).map(async (process) => {
      try {
        texts.set(process, textOf(await this.read(process, PSARGS_BYTES + 1)));
      } catch {
        // Then it has no name.
      }
    });
    await inTime(Promise.all(all));
    return { nameOf: (process) => texts.get(process) ?? GONE };
  }

  /** Only processes that have been looked up. */
  nameOf(): string {
    return GONE;
  }

  valuesOf(): never {
    throw new MissingError(
      'arguments of a process that is not running can be broken down by, but not filtered by',
    );
  }
}

function readCommand(process: bigint, bytes: number): Promise<Buffer> {
  const ownerOf = (): Owner => ownerOfProcess(String(process));
  return readStart(PROCESS_READS, `/proc/${process}/cmdline`, bytes, ownerOf);
}

/** Reading a second waits this long for names. */
export function inTime(work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, NAMES_MS);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** `bytes`: one more than are shown, if there are that many; if fewer, the last is the final NUL. */
function textOf(bytes: Buffer): string {
  const text = Buffer.from(bytes.subarray(0, Math.min(PSARGS_BYTES, Math.max(bytes.length - 1, 0))));
  for (const [i, byte] of text.entries()) if (byte === 0) text[i] = 0x20;
  let end = text.length;
  while (end > 0 && text[end - 1] === 0x20) end--;
  return nameFromBytes(text.subarray(0, end));
}
