/*
 * The way to a question: what was asked before it, each with the box that led on. In: the panel's state, its address. Out: steps
 * that can be gone back.
 */
import type { Predicate, Question } from './answers.ts';
import type { Box } from './box-predicate.ts';

export interface Step {
  readonly by: readonly string[];
  readonly where: Predicate;
  readonly box?: Box | undefined;
}

const STEPS_MAX = 10;

/** The trail of whoever is asked next from this panel. */
export function stepped({
  by,
  where,
  box,
  trail,
}: Step & { readonly trail: readonly Step[] }): readonly Step[] {
  return [...trail, { by, where, ...(box === undefined ? {} : { box }) }].slice(-STEPS_MAX);
}

export function questionOfStep(
  { metric, granularity }: { readonly metric: string; readonly granularity: number },
  { by, where }: Step,
): Question {
  const [module = '', stat = ''] = metric.split('.');
  return { module, stat, decomposition: by, predicate: where, granularity };
}

/** What is not a trail is none. */
export function readTrail(text: string | undefined): readonly Step[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(list)) return [];
    return list.slice(0, STEPS_MAX).flatMap((one: unknown): Step[] => {
      const { by, where, box } = (one ?? {}) as { by?: unknown; where?: unknown; box?: unknown };
      if (!Array.isArray(by) || !by.every((f) => typeof f === 'string')) return [];
      if (typeof where !== 'object' || where === null || Array.isArray(where)) return [];
      const numbers =
        Array.isArray(box) && box.length === 4 && box.every((n) => Number.isFinite(n))
          ? (box as number[])
          : undefined;
      const [start = 0, end = 0, low = 0, high = 0] = numbers ?? [];
      return [
        {
          by,
          where: where as Predicate,
          ...(numbers === undefined || end <= start || high <= low ? {} : { box: { start, end, low, high } }),
        },
      ];
    });
  } catch {
    return [];
  }
}

/** '' where there is none. */
export function writeTrail(trail: readonly Step[]): string {
  if (trail.length === 0) return '';
  return JSON.stringify(
    trail.map(({ by, where, box }) => ({
      by,
      where,
      ...(box === undefined ? {} : { box: [box.start, box.end, box.low, box.high] }),
    })),
  );
}
