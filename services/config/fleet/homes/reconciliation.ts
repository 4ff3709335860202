/*
 * One instrumentation and its homes: what each aggregator that has it should have heard, has heard, and why not; and
 * which values it may lack that another has.
 */
import { homesOf, type Stored } from '../../state/store';
import type { Aggregator } from '../members';
import type { Asked } from '../standings';
import { Backoff } from '../../../../common/service/backoff';

/** A command that failed is given again after this. */
const RETRY_MS = { first: 1000, most: 30_000 };

/** An aggregator that has the instrumentation, or should. */
export class Home {
  readonly instance: string;
  busy = false;
  readonly backoff = new Backoff(RETRY_MS);
  retryAt = 0;
  reason = '';
  sentTo: Aggregator | undefined;
  /** Digest of what was sent to it last. */
  sent = '';
  /** Since when it has the instrumentation, ms; a hello begins anew. */
  heldSince: number | undefined;
  /** It had the instrumentation before: it may hold values that the others lack. */
  hadBefore: boolean;
  /** Since when its aggregator is away, ms. */
  awaySince: number | undefined;
  /** Homes that may have values that this one lacks. */
  readonly lacks = new Set<string>();
  copying = false;
  /** Copies that left something, or failed; and when the next one may begin, ms. */
  tries = 0;
  copyAt = 0;

  constructor(instance: string, hadBefore = false) {
    this.instance = instance;
    this.hadBefore = hadBefore;
  }
}

export class Reconciliation {
  readonly id: string;
  record: Stored;
  /** Came from disk: its nodes are gathering, and its homes may hold its data already. */
  readonly restored: boolean;
  asked: Asked;
  removed = false;
  /** Asked first at the front. */
  homes: readonly Home[];
  /** Why it has no home. */
  reason = '';

  constructor(id: string, record: Stored, restored: boolean, asked: Asked) {
    this.id = id;
    this.record = record;
    this.restored = restored;
    this.asked = asked;
    this.homes = homesOf(record).map((instance) => new Home(instance, restored));
  }

  /** How many homes it should have. */
  get wanted(): number {
    return this.record.instrumentation.replicas ?? 1;
  }

  home(instance: string): Home | undefined {
    return this.homes.find((home) => home.instance === instance);
  }
}

/** Aggregator's instance -> how many instrumentations it has. */
export function loadsOf(all: Iterable<readonly string[]>): Map<string, number> {
  const loads = new Map<string, number>();
  for (const homes of all) for (const instance of homes) loads.set(instance, (loads.get(instance) ?? 0) + 1);
  return loads;
}
