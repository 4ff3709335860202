/*
 * The last seconds of an instrumentation, as they arrive. In: values of the API, some of them twice because late reports
 * change them. Out: a window of equal slots, oldest first, with gaps where nothing is known.
 */
import type { RawAnswer } from '../../common/api/value';
import type { RangeCount } from '../../common/model/distribution';
import { isRanges } from './histogram';

export interface Slot {
  readonly time: number;
  /** By key; without a discrete field the key is ''. */
  readonly amounts: ReadonlyMap<string, number | readonly RangeCount[]>;
  readonly expected: number;
  readonly reporting: number;
  readonly lost: number;
}

/** What is read of a value. */
type Reading = Pick<RawAnswer, 'value' | 'start_time'> & Partial<RawAnswer>;

export class Timeline {
  private readonly slots = new Map<number, Slot>();
  private readonly granularity: number;
  private newest = -Infinity;

  constructor(granularity: number) {
    this.granularity = granularity;
  }

  add(value: Reading, keep: number): void {
    const time = value.start_time;
    this.slots.set(time, {
      time,
      amounts: amountsOf(value.value),
      expected: value.nsources ?? 0,
      reporting: value.minreporting ?? 0,
      lost: value.lost ?? 0,
    });
    this.newest = Math.max(this.newest, time);
    const oldest = this.newest - keep * this.granularity;
    for (const known of this.slots.keys()) if (known <= oldest) this.slots.delete(known);
  }

  get last(): Slot | undefined {
    return this.slots.get(this.newest);
  }

  window(count: number): (Slot | undefined)[] {
    const first = this.newest - (count - 1) * this.granularity;
    return Array.from({ length: count }, (_, i) => this.slots.get(first + i * this.granularity));
  }
}

function amountsOf(value: RawAnswer['value']): Slot['amounts'] {
  if (typeof value === 'number' || isRanges(value)) return new Map([['', value]]);
  return new Map<string, number | readonly RangeCount[]>(Object.entries(value));
}

/** The number that an amount stands for. */
export function sizeOf(amount: number | readonly RangeCount[]): number {
  return typeof amount === 'number' ? amount : amount.reduce((sum, [, count]) => sum + count, 0);
}
