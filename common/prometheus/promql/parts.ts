/*
 * Leaves as JSON, from an aggregator to the front door. In: series. Out: plain JSON, and back; undefined points are
 * omitted, and numbers are texts, since JSON has no NaN and no Infinity.
 */
import { Type, checker, type Static } from '../../model/schema';
import type { Point, Series } from './evaluate';

const PART = Type.Object({
  labels: Type.Record(Type.String(), Type.String()),
  /** A step, and a number (as text) or triples. */
  points: Type.Array(
    Type.Tuple([Type.Integer({ minimum: 0 }), Type.Union([Type.String(), Type.Array(Type.Number())])]),
  ),
});
export const PARTS = Type.Object({
  series: Type.Array(PART),
  warnings: Type.Array(Type.String()),
  infos: Type.Array(Type.String()),
});
const check = checker(PARTS, 'parts');

export function toParts(series: readonly Series[]): Static<typeof PARTS>['series'] {
  return series.map(({ labels, points }) => ({
    labels: Object.fromEntries(labels),
    points: points.flatMap((point, i): [number, string | number[]][] =>
      point === undefined ? [] : [[i, typeof point === 'number' ? String(point) : [...point]]],
    ),
  }));
}

/** Throws for anything that an aggregator does not send. */
export function fromParts(
  json: unknown,
  count: number,
): { series: Series[]; warnings: string[]; infos: string[] } {
  const { series, warnings, infos } = check(json);
  return {
    warnings,
    infos,
    series: series.map(({ labels, points }) => {
      const all: (Point | undefined)[] = Array.from({ length: count }, () => undefined);
      for (const [i, point] of points)
        if (i < count) all[i] = typeof point === 'string' ? Number(point) : point;
      return { labels: new Map(Object.entries(labels)), points: all };
    }),
  };
}
