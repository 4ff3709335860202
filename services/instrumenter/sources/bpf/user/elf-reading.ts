/*
 * Reads an untrusted program or library without blocking. In: an open file, and a function that
 * searches it (elf.ts, which requests one piece after another). Out: its result; or an ElfError.
 *
 * The search starts again each time another piece has been read: it is quick and always requests the same
 * few pieces, so it can be synchronous.
 */
import { readSync } from 'node:fs';
import { ElfError, type Reader } from './elf';
import type { IsLate } from '../../blocking-io-pool';
import type { OpenedFile } from './opened-file';

/** Maximum number of bytes read from one file. */
export const FILE_BYTES = 64 * 1024 * 1024;

class MissingPiece extends Error {
  readonly offset: number;
  readonly length: number;

  constructor(offset: number, length: number) {
    super('a piece is still to be read');
    this.offset = offset;
    this.length = length;
  }
}

/** Bytes read at a time: a read that is too late goes on no further than this. */
const PIECE = 1024 * 1024;

/** `find` must request the same pieces each time. */
export async function readElf<T>(
  file: Pick<OpenedFile, 'read' | 'bytes'>,
  find: (read: Reader) => T,
  isLate: IsLate,
): Promise<T> {
  const pieces = new Map<string, Buffer>();
  let total = 0;
  const read: Reader = (offset, length) => {
    const bytes = within(file.bytes, offset, length);
    const piece = bytes === 0 ? Buffer.alloc(0) : pieces.get(`${offset}:${bytes}`);
    if (piece === undefined) throw new MissingPiece(offset, bytes);
    return piece;
  };
  try {
    for (;;) {
      try {
        return find(read);
      } catch (error) {
        if (!(error instanceof MissingPiece)) throw error;
        total += error.length;
        if (total > FILE_BYTES) throw tooMuch();
        pieces.set(`${error.offset}:${error.length}`, await pieceOf(file, error, isLate));
      }
    }
  } finally {
    pieces.clear();
  }
}

/** The same for a file that is trusted not to block. */
export function readElfNow<T>(file: OpenedFile, find: (read: Reader) => T): T {
  const pieces = new Map<string, Buffer>();
  let total = 0;
  return find((offset, length) => {
    const bytes = within(file.bytes, offset, length);
    const known = bytes === 0 ? Buffer.alloc(0) : pieces.get(`${offset}:${bytes}`);
    if (known !== undefined) return known;
    total += bytes;
    if (total > FILE_BYTES) throw tooMuch();
    const whole = Buffer.alloc(bytes);
    const piece = whole.subarray(0, readSync(file.descriptor, whole, 0, bytes, offset));
    pieces.set(`${offset}:${bytes}`, piece);
    return piece;
  });
}

async function pieceOf(
  file: Pick<OpenedFile, 'read'>,
  { offset, length }: MissingPiece,
  isLate: IsLate,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    if (isLate()) throw new ElfError('it takes too long to read');
    const bytesRead = await file.read(bytes.subarray(at, at + PIECE), offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Sizes come from the file itself: at most the file's size is allocated. */
function within(size: number, offset: number, length: number): number {
  return Math.max(0, Math.min(length, size - offset));
}

const tooMuch = (): ElfError => new ElfError(`its tables are larger than ${FILE_BYTES / (1024 * 1024)} MB`);
