/*
 * Publishes the document of what to gather. In: items that come, change and go; the documents that nodes have.
 * Out: changes, to all nodes at once; the whole, to those that differ.
 */
import type { Clock } from '../../../common/service/clock';
import { LIMITS } from '../../../common/service/limits';
import { changes, fqidOf, Gathers } from '../../../common/wire/gathers';
import type { GatherItem } from '../../../common/wire/message';
import type { Bus } from './bus';
import { Soon } from './soon';

interface PublisherOptions {
  readonly bus: Pick<Bus, 'tell' | 'connected'>;
  readonly broadcastKey: string;
  readonly clock: Pick<Clock, 'now'>;
  /** How many nodes there are. */
  readonly fleet: () => number;
}

/** Changes that follow on each other faster than this go out together. */
const TOGETHER_MS = 100;
/** Up to so many nodes are sent the whole one by one; if there are more, everybody gets it, at most once a second. */
const ONE_BY_ONE = 16;
const WHOLE_EVERY_MS = 1000;
/** Documents of the past that are known by their digests. */
const HISTORY = 1000;
/** A change is on its way to a node, and a standing back, for this long at least. */
const UNDER_WAY_MS = 3000;

export class Publisher {
  private document = Gathers.EMPTY;
  /** How many documents there were, this one included. */
  private count = 1;
  private readonly history = new Map([[Gathers.EMPTY.digest, 1]]);
  private readonly put = new Map<string, GatherItem>();
  private readonly drop = new Set<string>();
  private readonly differing = new Set<string>();
  /** Nodes are told nothing: they gather by a state that we do not have. */
  held = false;
  private publishedAt = -Infinity;
  private wholeAt = -Infinity;
  private readonly publishing = new Soon(TOGETHER_MS, () => {
    this.publish();
  });
  private readonly answering = new Soon(TOGETHER_MS, () => {
    this.answer();
  });
  private readonly o: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.o = options;
  }

  get digest(): string {
    return this.document.digest;
  }

  /** The number of the document that will hold what has been set until now. */
  get next(): number {
    return this.count + (this.put.size + this.drop.size > 0 ? 1 : 0);
  }

  /** The number of a document by its digest; 0: it is not known. */
  numberOf(digest: string): number {
    return this.history.get(digest) ?? 0;
  }

  /** A document that is not, and was not, ours, and asks for something. */
  isOthers(digest: string): boolean {
    return digest !== Gathers.EMPTY.digest && this.numberOf(digest) === 0;
  }

  set(item: GatherItem): void {
    const id = fqidOf(item);
    this.drop.delete(id);
    this.put.set(id, item);
    this.publishing.request();
  }

  remove(fqid: string): void {
    this.put.delete(fqid);
    if (this.document.items.has(fqid)) this.drop.add(fqid);
    this.publishing.request();
  }

  /** A node has told which document it has; `now`: it has just come, or asks. */
  heard(nodeKey: string, digest: string | undefined, now: boolean): void {
    if (digest === this.digest) return;
    // What it tells may be older than the change that is on its way to it.
    const pause = UNDER_WAY_MS + (1000 * this.o.fleet()) / LIMITS.standingsPerSecond;
    if (!now && this.o.clock.now() - this.publishedAt < pause) return;
    this.differing.add(nodeKey);
    this.answering.request();
  }

  /** Once a second. */
  tick(): void {
    if (this.differing.size > 0) this.answering.request();
  }

  private publish(): void {
    if (this.held) return;
    const { bus, broadcastKey, clock, fleet } = this.o;
    const before = this.document;
    this.document = before.with([...this.put.values()], [...this.drop]);
    this.put.clear();
    this.drop.clear();
    if (this.document.digest === before.digest) return;
    this.history.delete(this.document.digest);
    this.history.set(this.document.digest, ++this.count);
    const [oldest] = this.history.keys();
    if (this.history.size > HISTORY && oldest !== undefined) this.history.delete(oldest);
    this.publishedAt = clock.now();
    for (const message of changes(before, this.document)) {
      bus.tell(broadcastKey, 'gathers', { ...message, fleet: fleet() });
    }
  }

  private answer(): void {
    const { bus, broadcastKey, clock, fleet } = this.o;
    const toAll = this.differing.size > ONE_BY_ONE;
    if (this.held || this.differing.size === 0 || (toAll && clock.now() - this.wholeAt < WHOLE_EVERY_MS))
      return;
    const keys = toAll ? [broadcastKey] : [...this.differing];
    this.differing.clear();
    if (toAll) this.wholeAt = clock.now();
    for (const message of changes(undefined, this.document)) {
      for (const key of keys) bus.tell(key, 'gathers', { ...message, fleet: fleet() });
    }
  }
}
