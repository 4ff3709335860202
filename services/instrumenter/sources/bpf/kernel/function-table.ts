/*
 * Functions by address. In: addresses, lengths and names, in any order. Out: the name of the function at an address.
 * Compact, also while it is built: a program may have hundreds of thousands of functions.
 */
import { nameFromBytes } from '../../../../../common/model/name';
import { FUNCTION_NAME_BYTES } from '../../limits';

/** Functions of one file, or of the kernel. */
const FUNCTIONS_PER_FILE = 400_000;

/** The lower 48 bits identify an address within one half of the address space, and are exact as a number. */
const PLACE_BITS = 48;

type Add = (place: number, bytes: number, name: Buffer) => void;

export const placeOf = (address: bigint): number => Number(BigInt.asUintN(PLACE_BITS, address));

export class FunctionTable {
  private places = new Float64Array(1024);
  /** 0: up to the next one. */
  private lengths = new Uint32Array(1024);
  private nameAt = new Uint32Array(1024);
  private names = Buffer.alloc(32 * 1024);
  private size = 0;
  private end = 0;

  constructor(each: (add: Add) => void) {
    each((place, bytes, name) => {
      if (this.size < FUNCTIONS_PER_FILE) this.add(place, bytes, name);
    });
    this.sort();
    this.names = Buffer.from(this.names.subarray(0, this.end));
  }

  get bytes(): number {
    return this.names.length + 16 * this.size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Undefined where no function is known. */
  nameOf(place: number): string | undefined {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.places[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const length = this.lengths[low - 1] ?? 0;
    if (length !== 0 && place - (this.places[low - 1] ?? 0) >= length) return undefined;
    const from = this.nameAt[low - 1] ?? 0;
    return nameFromBytes(this.names.subarray(from, this.names.indexOf(0, from)));
  }

  private add(place: number, bytes: number, name: Buffer): void {
    const length = Math.min(name.length, FUNCTION_NAME_BYTES);
    if (this.size === this.places.length) {
      this.places = twice(this.places, new Float64Array(2 * this.size));
      this.lengths = twice(this.lengths, new Uint32Array(2 * this.size));
      this.nameAt = twice(this.nameAt, new Uint32Array(2 * this.size));
    }
    if (this.end + length + 1 > this.names.length) {
      this.names = twice(this.names, Buffer.alloc(2 * this.names.length));
    }
    this.places[this.size] = place;
    this.lengths[this.size] = Math.min(bytes, 0xffff_ffff);
    this.nameAt[this.size] = this.end;
    name.copy(this.names, this.end, 0, length);
    this.names[this.end + length] = 0;
    this.end += length + 1;
    this.size++;
  }

  private sort(): void {
    const { places, lengths, nameAt, size } = this;
    const order = Uint32Array.from({ length: size }, (_, i) => i);
    order.sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
    this.places = Float64Array.from(order, (i) => places[i] ?? 0);
    this.lengths = Uint32Array.from(order, (i) => lengths[i] ?? 0);
    this.nameAt = Uint32Array.from(order, (i) => nameAt[i] ?? 0);
  }
}

function twice<T extends Float64Array | Uint32Array | Buffer>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
