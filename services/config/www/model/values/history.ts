/*
 * What the page knows of one instrumentation: a slice per slot of time, with how complete it was.
 * In: raw answers, in any order, some of them twice. Out: the points of a window, sums over it, and what to ask next.
 */
import type { Completeness, RawAnswer } from '../answers.ts';
import { slicesOf, sum, type Slice } from './slice.ts';

export interface Point extends Completeness {
  /** Seconds since 1970. */
  readonly start: number;
  readonly all: Slice;
  readonly keys: ReadonlyMap<string, Slice>;
  /** Ways of gathering that it comes from. */
  readonly sources?: readonly string[];
}

/** Consecutive slots. */
export interface Piece {
  readonly start: number;
  readonly points: number;
}

/** A late report usually comes within this: until then an incomplete slot is asked for again each second. */
const SOON_SECONDS = 10;
/** Nodes keep a minute of reports while the broker is away. Until then it is asked for now and then; older gaps are final. */
const MENDABLE_SECONDS = 120;
const NOW_AND_THEN = 5;

export function isIncomplete(point: Completeness): boolean {
  return point.minreporting < point.nsources || point.lost > 0;
}

/**
 * Of the slots that an answer covers, the one that most nodes missed. The answer's own nsources is how many are wanted
 * now; seconds before a node came, or before the question was asked, did not expect it.
 */
export function completenessOf(answer: RawAnswer): Completeness {
  const { nsources = 0, minreporting = 0, lost = 0, completeness } = answer;
  const [first, ...others] = completeness ?? [];
  if (first === undefined) return { nsources, minreporting, lost };
  const worst = others.reduce((a, b) => (b.expected - b.reporting > a.expected - a.reporting ? b : a), first);
  return { nsources: worst.expected, minreporting: worst.reporting, lost };
}

/** Before a question was asked nobody was expected to answer: such a slot is not zero, it is unknown. */
export function wasAsked(point: Point): boolean {
  return point.nsources > 0 || point.minreporting > 0 || point.all.count > 0;
}

export class History {
  /** Seconds of one point: the granularity, or a multiple where the window is long. */
  readonly step: number;
  private readonly points = new Map<number, Point>();

  constructor(step: number) {
    this.step = step;
  }

  add(answers: readonly RawAnswer[]): void {
    for (const a of answers) {
      const { all, keys } = slicesOf(a.value);
      const { start_time: start, sources = [] } = a;
      this.points.set(start, {
        start,
        all,
        keys,
        ...completenessOf(a),
        ...(sources.length === 0 ? {} : { sources }),
      });
    }
  }

  forgetBefore(second: number): void {
    for (const start of this.points.keys()) if (start < second) this.points.delete(start);
  }

  get(start: number): Point | undefined {
    return this.points.get(start);
  }

  get size(): number {
    return this.points.size;
  }

  /** One entry per slot of [start, end), undefined where nothing is known. */
  window(start: number, end: number): (Point | undefined)[] {
    const slots: (Point | undefined)[] = [];
    for (let t = this.align(start); t < end; t += this.step) slots.push(this.points.get(t));
    return slots;
  }

  align(second: number): number {
    return Math.floor(second / this.step) * this.step;
  }

  /**
   * What of [start, end) to ask for at `now`, oldest first: each piece reaches from one open slot to another, no longer
   * than `most` slots. Open is what is unknown, or incomplete and perhaps mended by now.
   */
  missing(start: number, end: number, now: number, most: number): Piece[] {
    const patience = Math.floor(now) % NOW_AND_THEN === 0 ? MENDABLE_SECONDS : SOON_SECONDS;
    const pieces: { start: number; points: number }[] = [];
    for (let t = this.align(start); t < end; t += this.step) {
      if (!this.isOpen(t, now - patience)) continue;
      const piece = pieces.at(-1);
      const points = piece === undefined ? Infinity : (t - piece.start) / this.step + 1;
      if (piece !== undefined && points <= most) piece.points = points;
      else pieces.push({ start: t, points: 1 });
    }
    return pieces;
  }

  /** Nothing that may still come changes [start, end). */
  isSettled(start: number, end: number, now: number): boolean {
    for (let t = this.align(start); t < end; t += this.step) {
      if (this.isOpen(t, now - MENDABLE_SECONDS)) return false;
    }
    return true;
  }

  private isOpen(t: number, mendableFrom: number): boolean {
    const point = this.points.get(t);
    return point === undefined || (t + this.step > mendableFrom && point.minreporting < point.nsources);
  }

  /**
   * Over [start, end), everything and by key, largest first: sums of events. A level, such as memory, is not summed over
   * time: its mean, over the points that have it.
   */
  totals(
    start: number,
    end: number,
    isLevel = false,
  ): { readonly all: Slice; readonly keys: readonly (readonly [string, number])[] } {
    const known = this.window(start, end).filter((p) => p !== undefined);
    const counts = new Map<string, { sum: number; points: number }>();
    for (const point of known) {
      for (const [key, { count }] of point.keys) {
        const of = counts.get(key) ?? { sum: 0, points: 0 };
        counts.set(key, of);
        of.sum += count;
        of.points++;
      }
    }
    const keys = [...counts]
      .map(([key, of]) => [key, isLevel ? of.sum / of.points : of.sum] as const)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const all = sum(known.map((p) => p.all));
    // Seconds in which nobody reported say nothing of a level.
    const told = known.filter(({ minreporting }) => minreporting > 0).length;
    return { all: isLevel && told > 0 ? { ...all, count: all.count / told } : all, keys };
  }
}
