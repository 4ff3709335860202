/*
 * The values of the fleet's nodes, known in advance. In: a seed, a node, an instrumentation, a second. Out: the value
 * it reports, and the exact total that every value of that node and second has, whatever its shape.
 *
 * So a test adds up totalIn(node, second) over nodes and seconds and compares the sum with the API's answer, for any question.
 * Predicates are ignored: a question with one gets the same values as the question without.
 */
import { fromCounts, type Distribution } from '../../common/model/distribution';
import {
  reportSeconds,
  shapeOfInstrumentation,
  type Instrumentation,
} from '../../common/model/instrumentation';
import { add, zero, type Value } from '../../common/model/value';
import { hash, Random } from '../../services/instrumenter/sources/synthetic/random';

interface OracleOptions {
  readonly seed: number;
  /** Buckets of each distribution. */
  readonly buckets: number;
  /** Keys of each value that is broken down by a discrete field. */
  readonly keys: number;
  /** Share of the messages that are never sent, 0 to 1. */
  readonly loss: number;
}

/** Events of one node in one second: from EVENTS to EVENTS + EXTRA - 1. */
const EVENTS = 20_000;
const EXTRA = 1000;
/** Distributions are computed in advance; a thousand nodes would be too slow otherwise. */
const PATTERNS = 64;

/** Buckets of two humps on the logarithmic grid: 0.3 ms and 6 ms, as of a cache and a disk. */
const HUMPS = [390, 510] as const;
/** The smaller of the linear grids has this many buckets. */
const LINEAR_SIZE = 100;

/** The part that nodes use; tests may pass another. */
export type Foretold = Pick<Oracle, 'value' | 'isLost'>;

export class Oracle {
  private readonly options: OracleOptions;
  private readonly patterns = new Map<string, readonly Pattern[]>();

  constructor(options: OracleOptions) {
    this.options = options;
  }

  /** The total of every interval value that the node reports for the second. */
  totalIn(node: string, second: number): number {
    return EVENTS + (hash(this.options.seed, node, second) % EXTRA);
  }

  /** True when the node's message for the second is lost in transit. */
  isLost(node: string, second: number): boolean {
    const { loss, seed } = this.options;
    return loss > 0 && hash(seed, node, second, 'loss') / 2 ** 32 < loss;
  }

  /** The report that begins with `first`; a snapshot is that of its last second. */
  value(instrumentation: Instrumentation, node: string, first: number): Value {
    const duration = reportSeconds(instrumentation.granularity);
    if (instrumentation.valueScope === 'point') return this.at(instrumentation, node, first + duration - 1);
    let sum = this.at(instrumentation, node, first);
    for (let i = 1; i < duration; i++) sum = add(sum, this.at(instrumentation, node, first + i));
    return sum;
  }

  private at(instrumentation: Instrumentation, node: string, second: number): Value {
    const total = this.totalIn(node, second);
    const shape = shapeOfInstrumentation(instrumentation);
    const keys = Math.max(1, this.options.keys);
    // The remainder of the division goes to the first key.
    const part = Math.floor(total / keys);
    const share = (k: number): number => (k === 0 ? total - (keys - 1) * part : part);
    const pattern = total + Number(instrumentation.id);
    switch (shape) {
      case 'number':
        return { shape, number: total };
      case 'distribution':
        return { shape, distribution: this.distribution(instrumentation, pattern, total) };
      case 'keyed':
        return { shape, numbers: new Map(Array.from({ length: keys }, (_, k) => [keyName(k), share(k)])) };
      case 'keyed-distribution':
        return {
          shape,
          distributions: new Map(
            Array.from({ length: keys }, (_, k) => [
              keyName(k),
              this.distribution(instrumentation, pattern + k, share(k)),
            ]),
          ),
        };
      default:
        return zero(shape);
    }
  }

  /** Exactly `total` counts: a pattern that is somewhat smaller, and the rest in its fullest bucket. */
  private distribution(instrumentation: Instrumentation, which: number, total: number): Distribution {
    const { seed, buckets, keys } = this.options;
    const types = instrumentation.decomposition.map((field) => instrumentation.fields[field]);
    const linear = types.some((type) => type === 'percent' || type === 'subsecond');
    const size = total >= EVENTS ? EVENTS : Math.floor(EVENTS / keys);
    const name = `${linear} ${size}`;
    let patterns = this.patterns.get(name);
    if (patterns === undefined) {
      const most = Math.min(buckets, size, linear ? LINEAR_SIZE : Infinity);
      patterns = Array.from({ length: PATTERNS }, (_, i) => spread(hash(seed, i), most, size, linear));
      this.patterns.set(name, patterns);
    }
    const { distribution = [], fullest = 1 } = patterns[which % PATTERNS] ?? {};
    const d = distribution.slice();
    d[fullest] = (d[fullest] ?? 0) + total - size;
    return d;
  }
}

interface Pattern {
  readonly distribution: Distribution;
  /** Where the largest count stands. */
  readonly fullest: number;
}

function keyName(k: number): string {
  return `key${k}`;
}

/** `size` counts in exactly `buckets` buckets, at least one in each. */
function spread(seed: number, buckets: number, size: number, linear: boolean): Pattern {
  const random = new Random(seed);
  const places = new Set<number>();
  while (places.size < buckets) {
    const centre = random.next() < 0.7 ? HUMPS[0] : HUMPS[1];
    const near = centre + random.between(-buckets, buckets);
    places.add(linear ? random.between(0, LINEAR_SIZE - 1) : Math.max(0, near));
  }
  const sorted = [...places];
  // Few buckets have most of the counts, as with real latencies.
  const weights = sorted.map(() => random.next() ** 4);
  const sum = weights.reduce((a, b) => a + b);
  const counts = weights.map((w) => 1 + Math.floor((w / sum) * (size - buckets)));
  counts[0] = (counts[0] ?? 0) + size - counts.reduce((a, b) => a + b);
  const distribution = fromCounts(sorted.map((bucket, i) => [bucket, counts[i] ?? 0]));
  let fullest = 1;
  for (let i = 3; i < distribution.length; i += 2) {
    if ((distribution[i] ?? 0) > (distribution[fullest] ?? 0)) fullest = i;
  }
  return { distribution, fullest };
}
