/*
 * Random numbers that are a pure function of seed, node, metric and second.
 * In: words. Out: a hash, a stream of numbers in [0, 1), a level that drifts slowly with time.
 */

/** FNV-1a over UTF-16 units, then murmur3's finaliser: neighbouring words give unrelated numbers. 32 bits. */
export function hash(...words: readonly (string | number)[]): number {
  let h = 0x811c9dc5;
  const text = words.join('\u0000');
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Mulberry32: one stream per seed, 2^32 long; plenty for a second of one node. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Box and Muller's; one of the two is thrown away to keep the stream simple. */
  normal(mean: number, deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
  }

  /** Each factor of ten between the two is as likely as the next. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  /** One of these; the first ones more often, as in real data. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(choices.length * this.next() ** 2)] ?? choices[0];
  }
}

/** Seconds from one turning point of a level to the next. */
const DRIFT_SECONDS = 20;

/** A level in [0, 1) determined by these words, which drifts: neighbouring seconds have similar levels. */
export function drift(second: number, ...words: readonly (string | number)[]): number {
  const knot = Math.floor(second / DRIFT_SECONDS);
  const t = (second % DRIFT_SECONDS) / DRIFT_SECONDS;
  const from = hash(...words, knot) / 2 ** 32;
  const to = hash(...words, knot + 1) / 2 ** 32;
  return from + (to - from) * t * t * (3 - 2 * t);
}
