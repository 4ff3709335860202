/*
 * A small protobuf encoder: the few field types that metrics need. In: field numbers and values.
 * Out: bytes. Default values are written too; the caller decides.
 */

export class ProtobufWriter {
  private buffer = Buffer.allocUnsafe(256);
  private length = 0;

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** uint64, uint32, int32, bool and enum, for whole numbers from 0 on. */
  uint(field: number, value: number): this {
    return this.tag(field, 0).varint(value);
  }

  /** sint32 and sint64. */
  sint(field: number, value: number): this {
    return this.tag(field, 0).varint(zigzag(value));
  }

  /** int64 and int32, including negative numbers. */
  int(field: number, value: number): this {
    return value >= 0
      ? this.uint(field, value)
      : this.tag(field, 0).varintBig(BigInt.asUintN(64, BigInt(value)));
  }

  double(field: number, value: number): this {
    this.tag(field, 1).room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
    return this;
  }

  /** A double with exactly these bits. */
  doubleBits(field: number, bits: bigint): this {
    this.tag(field, 1).room(8);
    this.length = this.buffer.writeBigUInt64LE(bits, this.length);
    return this;
  }

  text(field: number, value: string): this {
    return this.part(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, write: (inner: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.part(field, inner.bytes());
  }

  packedUints(field: number, values: readonly number[]): this {
    return this.message(field, (inner) => {
      for (const value of values) inner.varint(value);
    });
  }

  packedSints(field: number, values: readonly number[]): this {
    return this.message(field, (inner) => {
      for (const value of values) inner.varint(zigzag(value));
    });
  }

  /** A length-delimited message. */
  delimited(write: (inner: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.varint(inner.length).raw(inner.bytes());
  }

  /** Whole numbers up to 2^53. */
  varint(value: number): this {
    this.room(10);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
    return this;
  }

  private varintBig(value: bigint): this {
    this.room(10);
    let rest = value;
    while (rest > 127n) {
      this.buffer[this.length++] = Number(rest % 128n) + 128;
      rest /= 128n;
    }
    this.buffer[this.length++] = Number(rest);
    return this;
  }

  /** Bytes, or an encoded message. */
  part(field: number, bytes: Buffer): this {
    return this.tag(field, 2).varint(bytes.length).raw(bytes);
  }

  private tag(field: number, kind: number): this {
    return this.varint(field * 8 + kind);
  }

  private raw(bytes: Buffer): this {
    this.room(bytes.length);
    this.length += bytes.copy(this.buffer, this.length);
    return this;
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

export function packedDoubles(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * values.length);
  values.forEach((value, i) => bytes.writeDoubleLE(value, 8 * i));
  return bytes;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}
