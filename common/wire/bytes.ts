/*
 * Bytes of a packed message: varints of 7 bits per byte, doubles, texts with their length. In: numbers and texts.
 * Out: a buffer, and back. Used by data.ts. Input is untrusted, so every length is checked first.
 */
import { invalid } from '../service/errors';

/** Numbers up to 2^53 - 1 take 8 bytes at most. */
const LONGEST_VARINT = 8;
const FIRST_SIZE = 16 * 1024;

/** Grows as needed and is reused: take() returns a copy. */
export class Writer {
  at = 0;
  private bytes = Buffer.allocUnsafe(FIRST_SIZE);

  byte(value: number): void {
    if (this.at + 1 > this.bytes.length) this.grow(1);
    this.bytes[this.at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1, low bits first; the top bit of each byte but the last is set. */
  varint(value: number): void {
    if (this.at + LONGEST_VARINT > this.bytes.length) this.grow(LONGEST_VARINT);
    const { bytes } = this;
    let rest = value;
    // Shifts work on 32 bits only, so larger numbers are divided first.
    while (rest >= 0x1000_0000) {
      bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.at++] = rest;
  }

  double(value: number): void {
    if (this.at + 8 > this.bytes.length) this.grow(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  text(text: string): void {
    // A UTF-16 unit takes at most three bytes: for fewer than 43 units the length is one byte, written afterwards.
    const most = 3 * text.length;
    if (most >= 128) {
      const length = Buffer.byteLength(text);
      this.varint(length);
      if (this.at + length > this.bytes.length) this.grow(length);
      this.at += this.bytes.write(text, this.at);
      return;
    }
    if (this.at + 1 + most > this.bytes.length) this.grow(1 + most);
    const length = this.bytes.write(text, this.at + 1);
    this.bytes[this.at] = length;
    this.at += 1 + length;
  }

  /** Reserves room for a length that lengthFrom fills in. */
  lengthHere(): number {
    if (this.at + 4 > this.bytes.length) this.grow(4);
    this.at += 4;
    return this.at;
  }

  /** Fills in the number of bytes written since lengthHere() returned `from`. */
  lengthFrom(from: number): void {
    this.bytes.writeUInt32LE(this.at - from, from - 4);
  }

  /** Returns a copy of what was written, and empties the writer. */
  take(): Buffer {
    const copy = Buffer.from(this.bytes.subarray(0, this.at));
    this.at = 0;
    return copy;
  }

  private grow(more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + more));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

/** Throws an INVALID error about `what` instead of ever reading past the end. */
export class Reader {
  at = 0;
  private readonly bytes: Buffer;
  private readonly what: string;

  constructor(bytes: Buffer, what: string) {
    this.bytes = bytes;
    this.what = what;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw this.cut();
    return value;
  }

  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (byte !== undefined && byte < 128) return byte;
    let value = 0;
    let factor = 1;
    for (let n = 0; n < LONGEST_VARINT; n++) {
      if (byte === undefined) throw this.cut();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
      byte = bytes[this.at++];
    }
    throw invalid(this.what, 'holds a number above 2^53 - 1');
  }

  /** A finite number. */
  double(): number {
    if (this.left < 8) throw this.cut();
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    if (!Number.isFinite(value)) throw invalid(this.what, 'holds something that is not a number');
    return value;
  }

  text(limit: number): string {
    const length = this.varint();
    if (length > this.left) throw this.cut();
    if (length > limit) throw invalid(this.what, `holds a text of more than ${limit} bytes`);
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** A count of items of at least `least` bytes each; refused when the remaining bytes cannot hold them. */
  count(least: number): number {
    const count = this.varint();
    if (count * least > this.left) throw this.cut();
    return count;
  }

  /** A length written by lengthHere() and lengthFrom(), at most the remaining bytes. */
  length(): number {
    if (this.left < 4) throw this.cut();
    const length = this.bytes.readUInt32LE(this.at);
    this.at += 4;
    if (length > this.left) throw this.cut();
    return length;
  }

  cut(): Error {
    return invalid(this.what, 'ends too early');
  }
}
