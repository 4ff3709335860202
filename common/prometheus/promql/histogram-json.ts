/*
 * A histogram in Prometheus' JSON. In: buckets by their bounds. Out: bytes. All seconds have the same bounds, and
 * fractions are slow to print: each pair is printed once and cached.
 */
import { countOf, sumOf, type Histogram } from './histogram';
import type { JsonBytes } from './json-bytes';

interface Bounds {
  readonly left: number;
  readonly right: number;
  /** `"],[0,"left","right","`: the end of the previous bucket, and all of this one but its count. */
  readonly bytes: Buffer;
  /** The bounds that followed last time: usually the next ones again, which saves a look-up. */
  next: Bounds | undefined;
}

const known = new Map<number, Bounds>();
const KNOWN_MAX = 20_000;

/** Bytes to skip for the first bucket. */
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
