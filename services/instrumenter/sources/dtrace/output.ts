/*
 * What dtrace prints -> values. In: pieces of its standard output, as they come. Out: a Block for each second.
 * A line in another form than program.ts prints is never an error here: it is counted, and its events are lost.
 *
 * Keys are printed by %S: a backslash, a quote and all that is not printable ASCII are escaped, so that no key
 * can look like the end of its line, or like a line of its own.
 */
import { nameFromBytes } from '../../../../common/model/name';
import { Tally } from '../../../../common/model/tally';
import type { Value } from '../../../../common/model/value';
import type { Format } from './program';

/** The longest line that dtrace may print. */
export const LINE_BYTES = 64 * 1024;

/** All counts of one second. */
export interface Block {
  readonly second: number;
  readonly value: Value;
  /** Lines that could not be read, or rows of a block that never ended. */
  readonly lost: number;
}

interface Row {
  readonly key: string;
  count: number;
  readonly buckets: [number, number][];
}

export class OutputReader {
  private readonly format: Format;
  private readonly onBlock: (block: Block) => void;
  private rest = '';
  private second: number | undefined;
  private rows: Row[] = [];
  private lost = 0;

  constructor(format: Format, onBlock: (block: Block) => void) {
    this.format = format;
    this.onBlock = onBlock;
  }

  /** Bytes are read as Latin-1: what is beyond ASCII comes escaped. */
  write(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('latin1')).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LINE_BYTES) {
      this.rest = '';
      this.lost++;
    }
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line === '' || line.includes('- Distribution -')) return;
    if (line.startsWith('K')) this.row(line);
    else if (line.startsWith('S ')) this.begin(Number(line.slice(2)));
    else if (line.startsWith('E ')) this.end(Number(line.slice(2)));
    else this.bucket(line);
  }

  private begin(second: number): void {
    // The block before has no end: its rows are not complete.
    if (this.second !== undefined) this.lost += this.rows.length;
    this.rows = [];
    this.second = second;
  }

  private row(line: string): void {
    const space = line.lastIndexOf(' ');
    const key = line.slice(2, Math.max(space, 2));
    // A distribution's picture follows; its own line ends with the key and a blank.
    if (this.hasDistribution()) this.rows.push({ key: line.slice(2, -1), count: 0, buckets: [] });
    else {
      const count = line.slice(space + 1);
      if (/^-?\d+$/.test(count)) this.rows.push({ key, count: Number(count), buckets: [] });
      else this.lost++;
    }
  }

  /** "   7800 |@@@@      12": the smallest value of a bucket, a bar, a count. */
  private bucket(line: string): void {
    const bar = line.indexOf('|');
    const row = this.rows.at(-1);
    const label = line.slice(0, Math.max(bar, 0)).trim();
    const count = /[ @](\d+) *$/.exec(line)?.[1];
    if (bar < 0 || row === undefined || !this.hasDistribution() || count === undefined) {
      this.lost++;
      return;
    }
    if (count === '0') return;
    const bucket = bucketOf(label, this.format.grid);
    if (bucket === undefined) this.lost += Number(count);
    else row.buckets.push([bucket, Number(count)]);
  }

  private end(second: number): void {
    if (second !== this.second) this.lost++;
    else this.onBlock({ second, value: this.value(), lost: this.lost });
    if (second === this.second) this.lost = 0;
    this.second = undefined;
    this.rows = [];
  }

  private hasDistribution(): boolean {
    return this.format.shape === 'distribution' || this.format.shape === 'keyed-distribution';
  }

  private value(): Value {
    const { shape } = this.format;
    const isKeyed = shape === 'keyed' || shape === 'keyed-distribution';
    const tally = new Tally(shape);
    for (const { key, count, buckets } of this.rows) {
      const name = isKeyed ? this.nameOf(key) : '';
      if (!this.hasDistribution()) tally.add(name, 0, count);
      else for (const [bucket, n] of buckets) tally.add(name, bucket, n);
    }
    return tally.take();
  }

  private nameOf(printed: string): string {
    const { integerKey, names } = this.format;
    if (!integerKey) return nameFromBytes(unescape(printed));
    return names === undefined || !/^\d+$/.test(printed) ? printed : names.nameOf(BigInt(printed));
  }
}

/** "< 1" and negative values are the first bucket; ">= 100000000000", cut to the column's width, is the last. */
function bucketOf(label: string, grid: Format['grid']): number | undefined {
  if (label.startsWith('<')) return 0;
  if (label.startsWith('>')) return grid.size - 1;
  return /^-?\d+$/.test(label) ? grid.bucketOf(Number(label)) : undefined;
}

const LETTERS = new Map(Object.entries({ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }));

/** The bytes that %S printed as this. A NUL, printed as \0, ends them. */
export function unescape(printed: string): Buffer {
  const bytes: number[] = [];
  for (let i = 0; i < printed.length; i++) {
    if (printed[i] !== '\\') {
      bytes.push(printed.charCodeAt(i) & 0xff);
      continue;
    }
    const octal = /^[0-7]{3}/.exec(printed.slice(i + 1, i + 4))?.[0];
    const next = printed[i + 1] ?? '\\';
    if (octal === undefined && next === '0') break;
    bytes.push(octal === undefined ? (LETTERS.get(next) ?? next.charCodeAt(0)) : parseInt(octal, 8));
    i += octal === undefined ? 1 : 3;
  }
  return Buffer.from(bytes);
}
