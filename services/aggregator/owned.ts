/* One instrumentation of this aggregator, with all that belongs to it. */
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
  /** Nodes that the config service has named: theirs are the reports that count. */
  expected: Expected;
  /** Since when nobody should report; what was on its way then still counts. */
  disabledAt: number | undefined;
  /** What it costs each node that has told so lately. */
  readonly loads: Loads;
  readonly clocks: Pick<Clocks, 'off' | 'jumpedLately'>;
  /** First whole second after it became ours: before it, nobody is waited for. */
  readonly since: number;
  /** How many nodes should have reported, to us or to an aggregator before us, since the first whole second of its life. */
  readonly asked: Asked;
}
