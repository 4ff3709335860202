/*
 * One instrumentation and its home: what the aggregator that has it should have heard, has heard, and why not.
 */
import type { Stored } from '../state/store';
import type { Aggregator } from './members';
import type { Asked } from './standings';
import { Backoff } from '../../../common/service/backoff';

/** A command that failed is given again after this. */
const RETRY_MS = { first: 1000, most: 30_000 };

export class Reconciliation {
  readonly id: string;
  record: Stored;
  /** Came from disk: its nodes are gathering, and its home may hold its data already. */
  readonly restored: boolean;
  asked: Asked;
  removed = false;
  busy = false;
  readonly backoff = new Backoff(RETRY_MS);
  retryAt = 0;
  reason = '';
  sentTo: Aggregator | undefined;
  /** Digest of what was sent to its home last. */
  sent = '';

  constructor(id: string, record: Stored, restored: boolean, asked: Asked) {
    this.id = id;
    this.record = record;
    this.restored = restored;
    this.asked = asked;
  }
}

/** Aggregator's instance -> how many instrumentations it has. */
export function loadsOf(records: Iterable<Stored>): Map<string, number> {
  const loads = new Map<string, number>();
  for (const { aggregator } of records) loads.set(aggregator, (loads.get(aggregator) ?? 0) + 1);
  return loads;
}
