/*
 * Texts that fit into two words: names of processes, IP addresses. In: two numbers of 64 bits, as they
 * lie in memory. Out: their text, and all pairs that print as a text.
 */
import { bytesFromName, nameFromBytes } from '../../../../common/model/name';
import type { PairNames } from './observation';

const WORDS_BYTES = 16;
/** The last byte of a process's name is always zero. */
const NAME_BYTES_MAX = 15;
const V4_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');
const V4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;

/** Bytes up to a zero. */
export const SHORT_NAMES: PairNames = {
  nameOf: (first, second) => nameFromBytes(bytesOf(first, second)),
  valuesOf: (text) => {
    const bytes = bytesFromName(text);
    return bytes.length <= NAME_BYTES_MAX && nameFromBytes(bytes) === text ? [wordsOf(bytes)] : [];
  },
};

/** Sixteen bytes in network order; those of version 4 behind the prefix ::ffff:0:0, and printed as such. */
export const ADDRESSES: PairNames = {
  nameOf: (first, second) => printAddress(bytesOf(first, second)),
  valuesOf: (text) => {
    const bytes = parseAddress(text);
    // Other spellings of an address match nothing: only the printed one is compared.
    return bytes === undefined || printAddress(bytes) !== text ? [] : [wordsOf(bytes)];
  },
};

function bytesOf(first: bigint, second: bigint): Buffer {
  const bytes = Buffer.alloc(WORDS_BYTES);
  bytes.writeBigUInt64LE(first, 0);
  bytes.writeBigUInt64LE(second, 8);
  return bytes;
}

function wordsOf(bytes: Buffer): readonly [bigint, bigint] {
  const padded = Buffer.alloc(WORDS_BYTES);
  bytes.copy(padded);
  return [padded.readBigUInt64LE(0), padded.readBigUInt64LE(8)];
}

/** As in RFC 5952: no leading zeros, the longest run of two or more zero groups (the first such) as "::". */
function printAddress(bytes: Buffer): string {
  if (bytes.subarray(0, 12).equals(V4_PREFIX)) return [...bytes.subarray(12)].join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  let from = 0;
  let length = 1;
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (groups[end] === '0') end++;
    if (end - i > length) [from, length] = [i, end - i];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`;
}

function parseAddress(text: string): Buffer | undefined {
  const four = V4.exec(text)?.slice(1).map(Number);
  if (four !== undefined) {
    return four.every((part) => part < 256) ? Buffer.concat([V4_PREFIX, Buffer.from(four)]) : undefined;
  }
  const [head = '', tail, ...more] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - left.length - right.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
