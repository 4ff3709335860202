/*
 * What this node is to gather, and its state. In: the document that the config service publishes
 * (common/wire/gathers.ts). Out: enablings and disablings of what concerns this node; its state, as digests.
 *
 * Instrumentations are not acknowledged one by one: the document's digest covers all that succeed, the rest are exceptions. The state
 * is reported when it changes, after a random pause in proportion to the fleet's size: a request to 10,000 nodes must not
 * be answered by 10,000 messages at once.
 */
import { within } from '../../../common/service/deadline';
import { fitsGlob } from '../../../common/model/glob';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import { sourceFor } from '../../../common/wire/coverage';
import { digestOf } from '../../../common/wire/digest';
import { digestOfItem, fqidOf, GathersCopy, instrumentationOf } from '../../../common/wire/gathers';
import type { Body, Exception, GatherItem, NodeStanding, WireCatalogue } from '../../../common/wire/message';

export interface WantedOptions {
  readonly host: string;
  /** Resolves when it is gathered or cannot be. */
  readonly enable: (instrumentation: Instrumentation) => Promise<unknown>;
  readonly disable: (fqid: string) => Promise<unknown>;
  readonly catalogue: () => WireCatalogue;
  /** Reports this node's state to the config service. */
  readonly tell: (standing: NodeStanding) => void;
  /** Asks it for the whole document. */
  readonly ask: () => void;
  /** 0 ≤ x < 1 */
  readonly random?: () => number;
}

/** Enablings that take longer than this are reported as pending. */
const ENABLING_MS = 1000;
/** Size of the reported exceptions: above it they lose their logs, then their reasons. */
const EXCEPTION_BYTES = LIMITS.messageBytes / 8;

export class Wanted {
  private readonly copy = new GathersCopy();
  /** The newest document all of whose enablings have ended, or are reported as pending. */
  private applied = this.copy.document;
  /** What concerns this node, as last requested. */
  private readonly concerns = new Map<string, GatherItem>();
  private readonly exceptions = new Map<string, Exception>();
  private described: Described;
  /** The same as it is reported; undefined: out of date. */
  private listed: { readonly list: readonly Exception[]; readonly digest: string } | undefined;
  private fleet = 0;
  private telling: NodeJS.Timeout | undefined;
  private asking: NodeJS.Timeout | undefined;
  private told: NodeStanding | undefined;
  private readonly o: WantedOptions;

  constructor(options: WantedOptions) {
    this.o = options;
    this.described = describe(options.catalogue());
  }

  take(message: Body<'gathers'>): void {
    this.fleet = message.fleet ?? this.fleet;
    const before = this.copy.document.digest;
    const news = this.copy.take(message);
    if (news === 'new') void this.apply(message.from === before ? message : undefined, false);
    if (news !== 'differs' || this.asking !== undefined) return;
    this.asking = setTimeout(() => {
      this.asking = undefined;
      this.o.ask();
    }, this.pauseMs());
  }

  /** The sources' offers have changed: what could not be gathered is tried again. */
  offersChanged(): void {
    this.described = describe(this.o.catalogue());
    void this.apply(undefined, true);
  }

  /** The state of an instrumentation has changed. */
  changed(state: Exception): void {
    const item = this.concerns.get(state.fqid);
    if (item === undefined || isNoException(state, sourceFor(this.described.catalogue, item))) {
      if (!this.exceptions.delete(state.fqid)) return;
    } else {
      this.exceptions.set(state.fqid, state);
    }
    this.exceptionsChanged();
  }

  get standing(): NodeStanding {
    return {
      catalogue: this.described.digest,
      gathers: this.applied.digest,
      exceptions: this.excepted.digest,
    };
  }

  /** The state that a digest stands for; undefined when the state has changed since. */
  content(digest: string): unknown {
    if (digest === this.described.digest) return this.described.catalogue;
    return digest === this.excepted.digest ? this.excepted.list : undefined;
  }

  private get excepted(): { readonly list: readonly Exception[]; readonly digest: string } {
    if (this.listed === undefined) {
      const sorted = [...this.exceptions.values()].sort((a, b) => (a.fqid < b.fqid ? -1 : 1));
      const list = withinBytes(sorted);
      this.listed = { list, digest: list.length === 0 ? NO_EXCEPTIONS : digestOf(list) };
    }
    return this.listed;
  }

  /** How long to wait before a report that the whole fleet is about to send, ms. */
  pauseMs(fleet = this.fleet): number {
    this.fleet = Math.max(fleet, this.fleet);
    return ((this.o.random ?? Math.random)() * 1000 * this.fleet) / LIMITS.standingsPerSecond;
  }

  close(): void {
    clearTimeout(this.telling);
    clearTimeout(this.asking);
  }

  /** `change`: all that is new in the document. `again`: also what failed, or what costs too much, is tried again. */
  private async apply(
    change: Pick<Body<'gathers'>, 'put' | 'drop'> | undefined,
    again: boolean,
  ): Promise<void> {
    const { document } = this.copy;
    for (const id of change?.drop ?? [...this.concerns.keys()]) if (!document.items.has(id)) this.drop(id);
    const enablings: Promise<unknown>[] = [];
    for (const item of change?.put ?? document.items.values()) {
      const id = fqidOf(item);
      if (!this.isConcerned(item)) {
        if (this.concerns.has(id)) this.drop(id);
        continue;
      }
      const known = this.concerns.get(id);
      this.concerns.set(id, item);
      if (!again && known !== undefined && digestOfItem(known) === digestOfItem(item)) continue;
      enablings.push(this.o.enable(instrumentationOf(item)));
    }
    if (enablings.length > 0) await within(ENABLING_MS, Promise.all(enablings), () => undefined);
    // A newer document has arrived meanwhile, and is reported in its turn.
    if (this.copy.document !== document) return;
    this.applied = document;
    this.tellSoon();
  }

  private isConcerned(item: GatherItem): boolean {
    if (item.hosts?.some((pattern) => fitsGlob(pattern, this.o.host)) === false) return false;
    try {
      return sourceFor(this.described.catalogue, item) !== undefined;
    } catch (error) {
      const reason = messageOf(error).slice(0, LIMITS.reasonLength);
      this.exceptions.set(fqidOf(item), { fqid: fqidOf(item), state: 'failed', reason });
      this.exceptionsChanged();
      return false;
    }
  }

  private drop(id: string): void {
    if (this.exceptions.delete(id)) this.exceptionsChanged();
    if (this.concerns.delete(id)) void this.o.disable(id);
  }

  private exceptionsChanged(): void {
    this.listed = undefined;
    if (this.applied === this.copy.document) this.tellSoon();
  }

  private tellSoon(): void {
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      const { standing, told } = this;
      if (
        told?.gathers === standing.gathers &&
        told.exceptions === standing.exceptions &&
        told.catalogue === standing.catalogue
      ) {
        return;
      }
      this.told = standing;
      this.o.tell(standing);
    }, this.pauseMs());
  }
}

const NO_EXCEPTIONS = digestOf([]);

interface Described {
  readonly catalogue: WireCatalogue;
  readonly digest: string;
}

/** Simulated nodes share a catalogue. */
const described = new WeakMap<WireCatalogue, Described>();

function describe(catalogue: WireCatalogue): Described {
  let known = described.get(catalogue);
  if (known === undefined) described.set(catalogue, (known = { catalogue, digest: digestOf(catalogue) }));
  return known;
}

function isNoException({ state, source, reason }: Exception, first: string | undefined): boolean {
  if (state === 'stopped') return true;
  return state === 'enabled' && reason === undefined && (source === undefined || source === first);
}

/** A node on which everything fails with long reasons still reports everything, with shorter reasons. */
function withinBytes(exceptions: readonly Exception[]): readonly Exception[] {
  let room = EXCEPTION_BYTES;
  return exceptions.map((exception) => {
    const { log: _log, ...rest } = exception;
    const { reason: _reason, ...least } = rest;
    for (const candidate of [exception, rest]) {
      const bytes = Buffer.byteLength(JSON.stringify(candidate));
      if (bytes > room) continue;
      room -= bytes;
      return candidate;
    }
    return least;
  });
}
