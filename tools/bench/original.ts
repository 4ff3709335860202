/*
 * A stand-in for the original's implementation, written from its description: JSON, lists of [[low, high], count],
 * and pictures of plain arrays. In: the same input as ours, in its own format. Out: the same work, to compare times with.
 */

export type Range = [[number, number], number];
export type Keyed = Record<string, Range[]>;

/** { time: { key: ranges } }, all nodes added. */
export class OriginalDataset {
  readonly times = new Map<number, Keyed>();

  /** One data message as received: parsed, and merged key by key. */
  receive(text: string): void {
    const { time, value } = JSON.parse(text) as { time: number; value: Keyed };
    const known = this.times.get(time);
    if (known === undefined) {
      this.times.set(time, value);
      return;
    }
    for (const [key, ranges] of Object.entries(value)) {
      const before = known[key];
      known[key] = before === undefined ? ranges : mergeRanges(before, ranges);
    }
  }
}

/** Both lists ascend. */
export function mergeRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  const sum: Range[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined) return [...sum, ...b.slice(j)];
    if (right === undefined) return [...sum, ...a.slice(i)];
    if (left[0][0] < right[0][0]) {
      sum.push(left);
      i++;
    } else if (left[0][0] > right[0][0]) {
      sum.push(right);
      j++;
    } else {
      sum.push([left[0], left[1] + right[1]]);
      i++;
      j++;
    }
  }
}

interface OriginalPicture {
  readonly start: number;
  readonly seconds: number;
  readonly selected: readonly string[];
  readonly nbuckets: number;
  readonly width: number;
  readonly height: number;
  readonly max: number;
}

/** Bucketize total and selected keys, deduct, rank, and colour. Out: red, green and blue of each pixel, row by row. */
export function originalPicture(dataset: OriginalDataset, o: OriginalPicture): Uint8Array {
  const total = bucketize(o, (time) => {
    let all: Range[] = [];
    for (const ranges of Object.values(dataset.times.get(time) ?? {})) all = mergeRanges(all, ranges);
    return all;
  });
  const own = o.selected.map((key) => bucketize(o, (time) => dataset.times.get(time)?.[key] ?? []));
  for (const map of own) {
    map.forEach((column, x) => {
      column.forEach((count, y) => {
        const rest = (total[x]?.[y] ?? 0) - count;
        const cells = total[x];
        if (cells !== undefined) cells[y] = rest < 0.001 ? 0 : rest;
      });
    });
  }
  const maps = [total, ...own];
  rank(maps);
  return generate(maps, o);
}

function bucketize(o: OriginalPicture, at: (time: number) => readonly Range[]): number[][] {
  const size = o.max / o.nbuckets;
  return Array.from({ length: o.seconds }, (_, i) => {
    const column = Array.from({ length: o.nbuckets }, () => 0);
    for (const [[lo, hi], count] of at(o.start + i)) {
      if (lo >= o.max) continue;
      const low = lo / size;
      const high = (hi + 1) / size;
      const unit = count / (high - low);
      for (let b = Math.floor(low); b < Math.min(Math.ceil(high), o.nbuckets); b++) {
        column[b] = (column[b] ?? 0) + unit * (Math.min(high, b + 1) - Math.max(low, b));
      }
    }
    return column;
  });
}

/** Each count becomes (n - index of its first equal among all counts, descending) / n. */
function rank(maps: number[][][]): void {
  const sorted = maps
    .flat(2)
    .filter((count) => count > 0)
    .sort((a, b) => b - a);
  const first = new Map<number, number>();
  sorted.forEach((count, i) => {
    if (!first.has(count)) first.set(count, i);
  });
  for (const map of maps) {
    for (const column of map) {
      column.forEach((count, y) => {
        column[y] = count > 0 ? (sorted.length - (first.get(count) ?? 0)) / sorted.length : 0;
      });
    }
  }
}

const FIRST_HUE = 21;
const NEXT_HUE = 91;

/** A colour for each cell, copied to each of its pixels. */
function generate(maps: readonly number[][][], o: OriginalPicture): Uint8Array {
  const pixels = new Uint8Array(3 * o.width * o.height);
  for (let column = 0; column < o.seconds; column++) {
    for (let bucket = 0; bucket < o.nbuckets; bucket++) {
      const [red = 0, green = 0, blue = 0] = colour(maps, column, bucket);
      const left = Math.floor((column * o.width) / o.seconds);
      const right = Math.floor(((column + 1) * o.width) / o.seconds);
      const top = Math.floor(((o.nbuckets - bucket - 1) * o.height) / o.nbuckets);
      const bottom = Math.floor(((o.nbuckets - bucket) * o.height) / o.nbuckets);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const at = 3 * (y * o.width + x);
          pixels[at] = red;
          pixels[at + 1] = green;
          pixels[at + 2] = blue;
        }
      }
    }
  }
  return pixels;
}

function colour(maps: readonly number[][][], column: number, bucket: number): number[] {
  const rgb = [0, 0, 0];
  let sum = 0;
  maps.forEach((map, m) => {
    const value = map[column]?.[bucket] ?? 0;
    if (value === 0) return;
    sum += value;
    hsv((FIRST_HUE + m * NEXT_HUE) % 360, 0.9 * value, 0.95).forEach((c, i) => {
      rgb[i] = (rgb[i] ?? 0) + c * value;
    });
  });
  return sum === 0 ? [255, 255, 255] : rgb.map((c) => Math.round(c / sum));
}

function hsv(hue: number, saturation: number, value: number): number[] {
  return [5, 3, 1].map((n) => {
    const k = (n + hue / 60) % 6;
    return 255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  });
}
