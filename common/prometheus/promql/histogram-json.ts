/*
 * A histogram in Prometheus' JSON. In: buckets by their bounds. Out: bytes. The bounds are the same for each second, and
 * fractions are slow to print: each pair is printed once and remembered.
 */
import { countOf, sumOf, type Histogram } from './histogram';
import type { JsonBytes } from './json-bytes';

interface Bounds {
  readonly left: number;
  readonly right: number;
  /** `"],[0,"left","right","`: the end of the bucket before, and all but the count of this one. */
  readonly bytes: Buffer;
  /** What came after it last time: mostly it does again, and need not be looked up. */
  next: Bounds | undefined;
}

const known = new Map<number, Bounds>();
const KNOWN_MAX = 20_000;

/** Of those bytes, where no bucket stands before. */
const BEGIN = '"],'.length;

export function writeHistogram(json: JsonBytes, h: Histogram): void {
  json.text('{"count":"').number(countOf(h)).text('","sum":"').number(sumOf(h)).text('","buckets":[');
  let before: Bounds | undefined;
  for (let i = 0; i < h.length; i += 3) {
    const [left, right] = [h[i] ?? 0, h[i + 1] ?? 0];
    let bounds = before?.next;
    if (bounds?.left !== left || bounds.right !== right) {
      bounds = boundsOf(left, right);
      if (before !== undefined) before.next = bounds;
    }
    json.piece(before === undefined ? bounds.bytes.subarray(BEGIN) : bounds.bytes).number(h[i + 2] ?? 0);
    before = bounds;
  }
  json.text(before === undefined ? ']}' : '"]]}');
}

function boundsOf(left: number, right: number): Bounds {
  const bounds = known.get(left);
  if (bounds?.right === right) return bounds;
  if (known.size >= KNOWN_MAX) known.clear();
  const made = { left, right, bytes: Buffer.from(`"],[0,"${left}","${right}","`), next: undefined };
  known.set(left, made);
  return made;
}
