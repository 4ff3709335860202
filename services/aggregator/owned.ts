/* One instrumentation of this aggregator, with its data and state. */
import type { Instrumentation } from '../../common/model/instrumentation';
import type { Asked } from './ingest/asked';
import type { Clocks } from './ingest/clocks';
import type { Dataset } from './dataset/dataset';
import type { Loads } from './ingest/loads';
import type { Expected } from './ingest/roster';
import type { Waiting } from './ingest/waiting';

/** One instrumentation of ours. */
export interface Owned {
  instrumentation: Instrumentation;
  readonly dataset: Dataset;
  readonly waiting: Waiting;
  /** Nodes listed by the config service; only their reports count. */
  expected: Expected;
  /** When reporting was disabled; reports then in flight still count. */
  disabledAt: number | undefined;
  /** Load of each node that reported one lately. */
  readonly loads: Loads;
  readonly clocks: Pick<Clocks, 'off' | 'jumpedLately'>;
  /** First whole second after it became ours: for earlier seconds no request waits. */
  readonly since: number;
  /** Number of nodes that should have reported, to us or a former owner, since its first whole second. */
  readonly asked: Asked;
}

/** Values of earlier seconds are not its own: its customer's limits were wider, or another had its id. */
export function firstSecondOf(
  { valuesFrom = 0, crtime, granularity }: Instrumentation,
  since: number,
): number {
  // The config service's clock may be ahead of ours.
  const began = Math.min(since, Math.floor(crtime / 1000));
  return Math.max(valuesFrom, began - (began % granularity));
}
