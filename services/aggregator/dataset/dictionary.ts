/*
 * Keys of an instrumentation ↔ small numbers. Each key is stored once, however many slots have it.
 * In: keys, as slots are sealed. Out: numbers for sealed.ts; a key without slots is removed.
 */
import { OTHER } from '../../../common/model/tally';

/** Memory of one key besides its text: map entry, string header, array elements. */
const ENTRY_BYTES = 120;

export class Dictionary {
  private readonly numbers = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly uses: number[] = [];
  private readonly free: number[] = [];
  private textBytes = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get bytes(): number {
    return this.textBytes + ENTRY_BYTES * this.numbers.size;
  }

  get size(): number {
    return this.numbers.size;
  }

  /** False when the key is new and there is no room for it; "(other)" always has room. */
  accepts(key: string): boolean {
    return key === OTHER || this.numbers.size < this.limit || this.numbers.has(key);
  }

  /** Returns the key's number, and counts a reference of a slot. */
  take(key: string): number {
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.free.pop() ?? this.names.length;
      this.numbers.set(key, number);
      this.names[number] = key;
      this.uses[number] = 0;
      this.textBytes += 2 * key.length;
    }
    this.uses[number] = (this.uses[number] ?? 0) + 1;
    return number;
  }

  /** Removes a slot's reference to the key. */
  release(number: number): void {
    const left = (this.uses[number] ?? 0) - 1;
    this.uses[number] = left;
    if (left > 0) return;
    const key = this.name(number);
    this.numbers.delete(key);
    this.names[number] = '';
    this.free.push(number);
    this.textBytes -= 2 * key.length;
  }

  name(number: number): string {
    return this.names[number] ?? '';
  }
}
