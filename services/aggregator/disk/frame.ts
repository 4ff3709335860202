/*
 * Framing of records in a file that may be truncated or damaged anywhere. In: bytes of one record. Out: the same
 * with a mark, their length and a checksum before them; and from a whole file all intact records.
 */
import { createHash } from 'node:crypto';

/** Size limit of one record. */
const RECORD_BYTES = 256 * 1024 * 1024;

const MARK = Buffer.from('CAh1');
const SUM_BYTES = 8;
const HEAD_BYTES = MARK.length + 4 + SUM_BYTES;

export function frame(record: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MARK.copy(head);
  head.writeUInt32LE(record.length, MARK.length);
  sum(record).copy(head, MARK.length + 4);
  return Buffer.concat([head, record]);
}

/**
 * `damaged`: bytes that belong to no intact record. Records behind a damaged place are found by their mark.
 * `torn`: bytes at the end that look like the start of a record: its writer was stopped, or is still writing.
 */
export function unframe(file: Buffer): { records: Buffer[]; damaged: number; torn: number } {
  const records: Buffer[] = [];
  let damaged = 0;
  for (let at = 0; at < file.length;) {
    const record = recordAt(file, at);
    if (record !== undefined) {
      records.push(record);
      at += HEAD_BYTES + record.length;
      continue;
    }
    const next = file.indexOf(MARK, at + 1);
    if (next < 0 && isTorn(file, at)) return { records, damaged, torn: file.length - at };
    const to = next < 0 ? file.length : next;
    damaged += to - at;
    at = to;
  }
  return { records, damaged, torn: 0 };
}

function isTorn(file: Buffer, at: number): boolean {
  const mark = file.subarray(at, at + MARK.length);
  if (!MARK.subarray(0, mark.length).equals(mark)) return false;
  const lengthAt = at + MARK.length;
  return lengthAt + 4 > file.length || at + HEAD_BYTES + file.readUInt32LE(lengthAt) > file.length;
}

function recordAt(file: Buffer, at: number): Buffer | undefined {
  if (at + HEAD_BYTES > file.length || !file.subarray(at, at + MARK.length).equals(MARK)) return undefined;
  const length = file.readUInt32LE(at + MARK.length);
  const from = at + HEAD_BYTES;
  if (length > RECORD_BYTES || from + length > file.length) return undefined;
  const record = file.subarray(from, from + length);
  return sum(record).equals(file.subarray(from - SUM_BYTES, from)) ? record : undefined;
}

function sum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, SUM_BYTES);
}
