/*
 * Values that identify their node. In: a node and a second. Out: the node's value, such that a sum over nodes can be
 * split again: which nodes are in it, how much of each. So no loss, duplicate or shift goes unnoticed.
 *
 *     number         three decimal digits for each node: 123_456 is 456 of node 0 and 123 of node 1
 *     keyed          the node's name is the key
 *     distribution   each node has a bucket of its own
 */
import { LOG_GRID } from '../../common/model/bucket';
import {
  reportSeconds,
  shapeOfInstrumentation,
  type Instrumentation,
} from '../../common/model/instrumentation';
import type { Shape, Value } from '../../common/model/value';
import { hash } from '../../services/instrumenter/sources/synthetic/random';
import type { Foretold } from '../fleet/oracle';

/** Twice an amount still has three digits: a value counted twice does not overflow into the next node's. */
const AMOUNTS = 499;
const DIGITS = 1000;
/** More would not fit into a number exactly. */
const NODES_MAX = 5;
const FIRST_BUCKET = 400;
const BUCKETS_APART = 10;

export class Amounts implements Foretold {
  private readonly seed: number;
  private readonly nodes: readonly string[];

  constructor(seed: number, nodes: readonly string[]) {
    if (nodes.length > NODES_MAX) throw new Error(`at most ${NODES_MAX} nodes`);
    this.seed = seed;
    this.nodes = nodes;
  }

  isLost(): boolean {
    return false;
  }

  /** Of `duration` seconds from `second` on. */
  amount(node: string, second: number, duration: number): number {
    let sum = 0;
    for (let s = second; s < second + duration; s++) sum += 1 + (hash(this.seed, node, s) % AMOUNTS);
    return sum;
  }

  value(instrumentation: Instrumentation, node: string, second: number): Value {
    const amount = this.amount(node, second, reportSeconds(instrumentation.granularity));
    const place = this.nodes.indexOf(node);
    const shape = shapeOfInstrumentation(instrumentation);
    switch (shape) {
      case 'number':
        return { shape, number: amount * DIGITS ** place };
      case 'keyed':
        return { shape, numbers: new Map([[node, amount]]) };
      case 'distribution':
        return { shape, distribution: [FIRST_BUCKET + BUCKETS_APART * place, amount] };
      default:
        throw new Error(`not for ${shape}`);
    }
  }

  /** How much of each node is in a value of the API. Throws for a value that cannot come from these nodes. */
  takeApart(shape: Shape, value: unknown): Map<string, number> {
    const found = new Map<string, number>();
    const put = (place: number, amount: number): void => {
      const node = this.nodes[place];
      if (node === undefined) throw new Error(`nobody says ${JSON.stringify(value)}`);
      if (amount !== 0) found.set(node, amount);
    };
    switch (shape) {
      case 'number':
        for (let rest = value as number, place = 0; rest > 0; rest = Math.floor(rest / DIGITS), place++) {
          put(place, rest % DIGITS);
        }
        break;
      case 'keyed':
        for (const [node, amount] of Object.entries(value as Record<string, number>)) {
          put(this.nodes.indexOf(node), amount);
        }
        break;
      case 'distribution':
        for (const [[lo], count] of value as [[number, number], number][]) {
          put((LOG_GRID.bucketOf(lo) - FIRST_BUCKET) / BUCKETS_APART, count);
        }
        break;
      default:
        throw new Error(`not for ${shape}`);
    }
    return found;
  }
}
