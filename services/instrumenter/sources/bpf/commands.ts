/*
 * What processes were started as, by their numbers, for fields that a program can only count by number.
 * In: /proc/<pid>/cmdline, when a second is read. Out: the text that the kernel's programs make of it: 80 bytes.
 */
import { readFileSync } from 'node:fs';
import { nameFromBytes } from '../../../../common/name';
import type { Names } from '../../metrics/observation';
import { MissingError } from './btf';
import { PSARGS_BYTES } from './resolve';

/** A process that was gone before anybody could look at it. */
export const GONE = '(unknown)';

export class Commands implements Names {
  private readonly read: (path: string) => Buffer;

  constructor(read: (path: string) => Buffer = (path) => readFileSync(path)) {
    this.read = read;
  }

  nameOf(process: bigint): string {
    try {
      return textOf(this.read(`/proc/${process}/cmdline`));
    } catch {
      return GONE;
    }
  }

  valuesOf(): never {
    throw new MissingError(
      'arguments of a process that is not running can be broken down by, but not filtered by',
    );
  }
}

function textOf(bytes: Buffer): string {
  const text = Buffer.from(bytes.subarray(0, Math.min(PSARGS_BYTES, Math.max(bytes.length - 1, 0))));
  for (const [i, byte] of text.entries()) if (byte === 0) text[i] = 0x20;
  let end = text.length;
  while (end > 0 && text[end - 1] === 0x20) end--;
  return nameFromBytes(text.subarray(0, end));
}
