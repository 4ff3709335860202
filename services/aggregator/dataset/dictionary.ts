/*
 * Keys of an instrumentation ↔ small numbers, each key kept once however many seconds hold it.
 * In: keys as slots are sealed. Out: numbers for sealed.ts; a key that no slot holds any more is forgotten.
 */
import { OTHER } from '../../../common/model/tally';

/** What one key costs besides its text: map entry, string header, array elements. */
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

  /** The key's number; counts one more slot that holds it. */
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

  /** One slot less holds the key. */
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
