/*
 * The nodes that should exist. In: those that joined or were named by an operator, and those that are online. Out: the
 * silent ones. A fleet with half of its nodes away must not look like a healthy fleet of half the size.
 *
 * Expected are nodes that joined, until they are forgotten. A node that never joined is expected for a day after it fell silent
 * without a goodbye: where nobody enrols, a power cut is seen all the same, and a machine that was shut down in order is not.
 */
import type { Clock } from '../../../../common/service/clock';
import { CaError, notFound } from '../../../../common/service/errors';
import { LIMITS } from '../../../../common/service/limits';
import type { Log } from '../../../../common/service/log';
import type { EnrolledNode, FleetStore } from '../../state/fleet-store';
import { saving } from '../../state/save';

/** After a start, a reconnect or joining, a node has this long to say hello. */
const GRACE_MS = 30_000;
const VANISHED_MS = 24 * 3600 * 1000;
/** Least interval between counts of the expected nodes. */
const COUNTED_MS = 500;
const NAMES_SHOWN = 20;

/** Names that stand in paths, files, users and tables without being taken for more. */
const NAME = /^[A-Za-z0-9](?:[\w.-]{0,198}[\w])?$/;

export interface InventorySummary {
  readonly expected: number;
  readonly silent: number;
  /** The first of the silent. */
  readonly silentNodes: readonly string[];
  readonly drained: number;
  readonly revoked: number;
}

export interface InventoryRow extends Partial<Omit<EnrolledNode, 'key' | 'state'>> {
  readonly host: string;
  readonly state: 'online' | 'silent' | 'starting' | 'drained' | 'revoked' | 'guest';
}

interface InventoryOptions {
  readonly store: FleetStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly isOnline: (host: string) => boolean;
  readonly online: () => readonly string[];
  /** Not let in any more, or again: the change is on disk. */
  readonly barred: (host: string) => void;
}

export class Inventory {
  /** Nodes that never joined and fell silent: since when. */
  private readonly vanished = new Map<string, number>();
  private graceUntil: number;
  private counted: { readonly at: number; readonly summary: InventorySummary } | undefined;
  private readonly o: InventoryOptions;

  constructor(options: InventoryOptions) {
    this.o = options;
    this.graceUntil = options.clock.now() + GRACE_MS;
  }

  /** No node could be heard before. */
  connected(): void {
    this.graceUntil = this.o.clock.now() + GRACE_MS;
    this.counted = undefined;
  }

  heard(host: string): void {
    if (this.vanished.delete(host)) this.counted = undefined;
  }

  gone(host: string, goodbye: boolean): void {
    this.counted = undefined;
    if (goodbye || this.o.store.state.nodes.has(host)) return;
    this.vanished.set(host, this.o.clock.now());
    for (const [oldest, at] of this.vanished) {
      const isOver = this.o.clock.now() - at > VANISHED_MS;
      if (!isOver && this.vanished.size <= LIMITS.nodesPerInstrumentation) break;
      this.vanished.delete(oldest);
    }
  }

  /** Messages of this node are not heard: it is revoked, or out for maintenance. */
  isBarred(host: string): boolean {
    const state = this.o.store.state.nodes.get(host)?.state;
    return state === 'revoked' || state === 'drained';
  }

  get summary(): InventorySummary {
    const now = this.o.clock.now();
    if (this.counted !== undefined && now - this.counted.at < COUNTED_MS) return this.counted.summary;
    let [expected, silent, drained, revoked] = [0, 0, 0, 0];
    const silentNodes: string[] = [];
    for (const { state } of this.rows()) {
      if (state === 'online' || state === 'silent' || state === 'starting') expected++;
      if (state === 'silent') silent++;
      if (state === 'drained') drained++;
      if (state === 'revoked') revoked++;
    }
    if (silent > 0) {
      for (const { host, state } of this.rows()) {
        if (state === 'silent') silentNodes.push(host);
        if (silentNodes.length === NAMES_SHOWN) break;
      }
    }
    const summary = { expected, silent, silentNodes, drained, revoked };
    this.counted = { at: now, summary };
    return summary;
  }

  /** Everybody: who joined, who vanished, and who is here without having joined. */
  *rows(): Generator<InventoryRow> {
    const now = this.o.clock.now();
    const { nodes } = this.o.store.state;
    for (const { key: _key, ...node } of nodes.values()) yield { ...node, state: this.stateOf(node, now) };
    for (const [host, at] of this.vanished)
      if (!nodes.has(host) && now - at <= VANISHED_MS) yield { host, state: 'silent', changed: at };
    for (const host of this.o.online()) if (!nodes.has(host)) yield { host, state: 'guest' };
  }

  private stateOf({ host, state, changed }: Omit<EnrolledNode, 'key'>, now: number): InventoryRow['state'] {
    if (state !== 'active') return state;
    if (this.o.isOnline(host)) return 'online';
    return now < Math.max(this.graceUntil, changed + GRACE_MS) ? 'starting' : 'silent';
  }

  /** An operator says that these belong to the fleet; those that do already stay as they are. */
  async expect(hosts: readonly string[]): Promise<number> {
    for (const host of hosts) checkName(host);
    const now = this.o.clock.now();
    return this.change((nodes) => {
      let added = 0;
      for (const host of hosts) {
        if (nodes.has(host)) continue;
        checkRoom(nodes);
        nodes.set(host, { host, joined: now, state: 'active', changed: now });
        added++;
      }
      return added;
    });
  }

  /** Throws NOT_FOUND, or CONFLICT: a revoked node does not come back by being resumed. */
  async setState(host: string, state: EnrolledNode['state']): Promise<EnrolledNode> {
    const now = this.o.clock.now();
    const node = await this.change((nodes) => {
      const known = nodes.get(host);
      const isGuest = known === undefined && (this.o.isOnline(host) || this.vanished.has(host));
      if (known === undefined && !isGuest) throw notFound(`node ${JSON.stringify(host)}`);
      if (known?.state === 'revoked' && state !== 'revoked')
        throw new CaError(
          'CONFLICT',
          `${host} is revoked; fix: cactl node forget ${host}, and let it join again`,
        );
      const next: EnrolledNode = { joined: now, ...known, host, state, changed: now };
      nodes.set(host, next);
      return next;
    });
    if (state !== 'active') this.o.barred(host);
    return node;
  }

  credentialOf(host: string): EnrolledNode['credential'] {
    return this.o.store.state.nodes.get(host)?.credential;
  }

  /** It is not expected any more, and its name is free. Throws NOT_FOUND. */
  async forget(host: string): Promise<void> {
    const vanished = this.vanished.delete(host);
    this.counted = undefined;
    if (!this.o.store.state.nodes.has(host)) {
      if (!vanished) throw notFound(`node ${JSON.stringify(host)}`);
      return;
    }
    await this.change((nodes) => nodes.delete(host));
  }

  private async change<T>(apply: (nodes: Map<string, EnrolledNode>) => T): Promise<T> {
    try {
      return await saving(
        this.o.log,
        this.o.store.change(({ nodes }) => apply(nodes)),
      );
    } finally {
      this.counted = undefined;
    }
  }
}

/** Throws INVALID. */
export function checkName(host: string): string {
  if (NAME.test(host) && !host.includes('..')) return host;
  throw new CaError(
    'INVALID',
    'host must be a name of at most 200 letters, digits, ".", "-" and "_" that begins and ends with a letter or digit',
    { field: 'host' },
  );
}

export function checkRoom(nodes: ReadonlyMap<string, unknown>): void {
  if (nodes.size < LIMITS.nodesPerInstrumentation) return;
  throw new CaError(
    'TOO_MANY',
    `the fleet has ${nodes.size} nodes already; fix: cactl node forget those that are gone`,
  );
}
