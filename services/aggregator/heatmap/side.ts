/*
 * One side of a picture: the counts of a time range. In: a dataset of ours, or columns counted by another
 * aggregator. Out: slots, oldest first, and how complete they are.
 */
import type { Grid } from '../../../common/model/bucket';
import type { Dataset } from '../dataset/dataset';
import type { Interval } from '../dataset/interval';
import { completeness, type Completeness } from '../dataset/reading';
import { eachSlotInSlices } from '../dataset/slices';
import type { Asked } from '../ingest/asked';
import type { CountedSlot } from './bucketize';

export interface Side {
  readonly grid: Grid;
  readonly start: number;
  readonly isLevel: boolean;
  readonly runs: () => readonly Completeness[];
  readonly eachSlot: (visit: (slot: CountedSlot) => void, gone?: AbortSignal) => Promise<void>;
}

export function sideOf(
  { dataset, asked }: { readonly dataset: Dataset; readonly asked: Asked },
  { start, duration }: Pick<Interval, 'start' | 'duration'>,
): Side {
  return {
    grid: dataset.grid,
    start,
    isLevel: dataset.scope === 'point',
    runs: () => completeness(dataset, start, duration, asked),
    eachSlot: (visit, gone) => eachSlotInSlices(dataset, start, start + duration, visit, gone),
  };
}
