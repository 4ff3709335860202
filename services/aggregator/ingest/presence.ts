/*
 * Which nodes reported when: one bit for each node and period (1 s, or 5 s where slots are longer). In: nodes' reports.
 * Out: whether it is the first of that node and period, and the numbers of reporting and expected nodes.
 *
 * The periods are a ring: a period's place is its number modulo the capacity, and the newer one takes it over.
 */

type Mark = 'first' | 'again' | 'tooOld' | 'tooMany';

/** Approximate memory of a node's text, map entry and array elements. */
const NODE_BYTES = 160;
/** Nodes seen 5 to 15 seconds before a period are expected in it: a dead node is forgotten after 15 s. */
export const EXPECTED_SECONDS = 15;
const WINDOW_TO = 5;

export class Presence {
  /** The period at each place of the ring; -1: none. */
  private readonly periods: Float64Array;
  private readonly counts: Uint32Array;
  private bits: Uint32Array;
  /** 32-bit words of one period. */
  private words = 1;
  private readonly numbers = new Map<string, number>();
  private readonly lastSeen: number[] = [];
  private readonly free: number[] = [];
  private readonly nodeLimit: number;
  /** Seconds of one period. */
  readonly seconds: number;

  constructor(options: { periodSeconds: number; capacity: number; nodeLimit: number }) {
    this.seconds = options.periodSeconds;
    this.nodeLimit = options.nodeLimit;
    this.periods = new Float64Array(options.capacity).fill(-1);
    this.counts = new Uint32Array(options.capacity);
    this.bits = new Uint32Array(options.capacity);
  }

  get capacity(): number {
    return this.periods.length;
  }

  get bytes(): number {
    return 12 * this.capacity + this.bits.byteLength + NODE_BYTES * this.numbers.size;
  }

  get nodes(): number {
    return this.numbers.size;
  }

  /** The period that a second is in. */
  periodOf(second: number): number {
    return Math.floor(second / this.seconds);
  }

  mark(node: string, second: number): Mark {
    const period = this.periodOf(second);
    const place = period % this.capacity;
    const held = this.periods[place] ?? -1;
    if (held > period) return 'tooOld';
    const number = this.numbers.get(node) ?? this.introduce(node);
    if (number === undefined) return 'tooMany';
    if (held < period) {
      this.bits.fill(0, place * this.words, (place + 1) * this.words);
      this.periods[place] = period;
      this.counts[place] = 0;
    }
    const word = place * this.words + (number >>> 5);
    const bit = 1 << (number & 31);
    if (((this.bits[word] ?? 0) & bit) !== 0) return 'again';
    this.bits[word] = (this.bits[word] ?? 0) | bit;
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    this.lastSeen[number] = Math.max(this.lastSeen[number] ?? 0, period);
    return 'first';
  }

  /** Nobody has reported in the period of a second. */
  clear(second: number): void {
    const period = this.periodOf(second);
    const place = period % this.capacity;
    if (this.periods[place] !== period) return;
    this.bits.fill(0, place * this.words, (place + 1) * this.words);
    this.counts[place] = 0;
  }

  /** Number of nodes that reported in the period of a second. */
  reporting(second: number): number {
    const period = this.periodOf(second);
    const place = period % this.capacity;
    return this.periods[place] === period ? (this.counts[place] ?? 0) : 0;
  }

  has(node: string, second: number): boolean {
    const number = this.numbers.get(node);
    const period = this.periodOf(second);
    const place = period % this.capacity;
    if (number === undefined || this.periods[place] !== period) return false;
    return ((this.bits[place * this.words + (number >>> 5)] ?? 0) & (1 << (number & 31))) !== 0;
  }

  /** Greatest number of nodes that reported in one period of the window 15 s to 5 s before the second. */
  expected(second: number): number {
    let most = 0;
    const end = this.periodOf(second - WINDOW_TO);
    for (let p = this.periodOf(second - EXPECTED_SECONDS); p < end; p++) {
      most = Math.max(most, this.reporting(p * this.seconds));
    }
    return most;
  }

  /** Nodes seen in that window: the expected ones. */
  expectedNodes(second: number): string[] {
    const from = this.periodOf(second - EXPECTED_SECONDS);
    const seen = [...this.numbers].filter(([node, number]) => {
      if ((this.lastSeen[number] ?? 0) < from) return false;
      const end = this.periodOf(second - WINDOW_TO);
      for (let p = from; p < end; p++) if (this.has(node, p * this.seconds)) return true;
      return false;
    });
    return seen.map(([node]) => node);
  }

  /** Nodes that reported in the period of a second. */
  reporters(second: number): string[] {
    if (this.reporting(second) === 0) return [];
    return [...this.numbers.keys()].filter((node) => this.has(node, second));
  }

  /** Nodes that reported for a period from that of the second on. */
  heardSince(second: number): Set<string> {
    const from = this.periodOf(second);
    const heard = new Set<string>();
    for (const [node, number] of this.numbers) if ((this.lastSeen[number] ?? 0) >= from) heard.add(node);
    return heard;
  }

  /** Removes nodes that are in no period of the ring. */
  sweep(nowSecond: number): void {
    const oldest = this.periodOf(nowSecond) - this.capacity;
    for (const [node, number] of this.numbers) {
      if ((this.lastSeen[number] ?? 0) >= oldest) continue;
      this.numbers.delete(node);
      this.free.push(number);
    }
  }

  /** The same marks in a ring of another capacity; a smaller one keeps the newest. */
  resized(capacity: number): Presence {
    const other = new Presence({ periodSeconds: this.seconds, capacity, nodeLimit: this.nodeLimit });
    const { words } = this;
    other.words = words;
    other.bits = new Uint32Array(capacity * words);
    for (const [node, number] of this.numbers) other.numbers.set(node, number);
    other.lastSeen.push(...this.lastSeen);
    other.free.push(...this.free);
    this.periods.forEach((period, place) => {
      const to = period % capacity;
      if (period < 0 || (other.periods[to] ?? -1) > period) return;
      other.periods[to] = period;
      other.counts[to] = this.counts[place] ?? 0;
      other.bits.set(this.bits.subarray(place * words, (place + 1) * words), to * words);
    });
    return other;
  }

  private introduce(node: string): number | undefined {
    if (this.numbers.size >= this.nodeLimit) return undefined;
    const number = this.free.pop() ?? this.numbers.size;
    this.numbers.set(node, number);
    this.lastSeen[number] = 0;
    while (number >= 32 * this.words) this.widen();
    return number;
  }

  private widen(): void {
    const { bits, words } = this;
    const wider = new Uint32Array(2 * bits.length);
    for (let place = 0; place < this.capacity; place++) {
      wider.set(bits.subarray(place * words, (place + 1) * words), 2 * place * words);
    }
    this.bits = wider;
    this.words = 2 * words;
  }
}
