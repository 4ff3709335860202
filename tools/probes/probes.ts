/*
 * Each source and each of its metrics, tried for real. In: open sources. Out: one row per metric: ok, unavailable
 * (why), or failed (why). A metric is ok when it was enabled, closed a second, and could be read.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../common/service/errors';
import type { Instrumentation } from '../../common/model/instrumentation';
import { ALWAYS } from '../../common/model/predicate/predicate';
import { describe } from '../../services/instrumenter/metrics/registry';
import { EnableError, type Offer, type Source } from '../../services/instrumenter/sources/source';

export interface Row {
  readonly source: string;
  readonly metric: string;
  readonly state: 'ok' | 'unavailable' | 'failed';
  /** Fields of one that is ok; else why not. */
  readonly detail: string;
}

/** Tries the metrics of one source, one after another; `report` is called with each row as it comes. */
export async function tryMetrics(source: Source, report: (row: Row) => void): Promise<void> {
  for (const offer of [...source.offers()].sort((a, b) => (a.metric < b.metric ? -1 : 1))) {
    report({ source: source.name, metric: offer.metric, ...(await tryOffer(source, offer)) });
  }
}

async function tryOffer(source: Source, offer: Offer): Promise<Pick<Row, 'state' | 'detail'>> {
  if ('unavailable' in offer) return { state: 'unavailable', detail: offer.unavailable };
  try {
    const probe = await source.enable(questionAbout(offer.metric));
    try {
      probe.flip();
      await source.settle?.();
      await probe.read();
      await pause(100);
    } finally {
      await probe.close();
    }
    return { state: 'ok', detail: offer.fields.join(' ') };
  } catch (error) {
    const log =
      error instanceof EnableError && error.log !== ''
        ? ` (${error.log.trim().split('\n').at(-1) ?? ''})`
        : '';
    return { state: 'failed', detail: messageOf(error) + log };
  }
}

/** How many, without filter or breakdown. */
function questionAbout(metric: Offer['metric']): Instrumentation {
  const [module = '', stat = ''] = metric.split('.');
  return {
    id: '0',
    module,
    stat,
    predicate: ALWAYS,
    decomposition: [],
    fields: {},
    valueScope: describe(metric)?.interval ?? 'interval',
    granularity: 1,
    retentionTime: 10,
    idleMax: 0,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}

export function line({ source, metric, state, detail }: Row): string {
  const words = state === 'ok' ? `ok                ${detail}` : `${state} (${detail})`;
  return `${source.padEnd(10)} ${metric.padEnd(24)} ${words}`;
}

/** "dtrace: 13 ok, 33 unavailable, 0 failed" */
export function summary(source: string, rows: readonly Row[]): string {
  const count = (state: Row['state']): number => rows.filter((row) => row.state === state).length;
  return `${source}: ${count('ok')} ok, ${count('unavailable')} unavailable, ${count('failed')} failed`;
}
