/*
 * The list of nodes, published to the aggregators: who counts, and who is expected, depends on it. In: nodes that come
 * and go. Out: one list, and its changes, for all instrumentations together.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../common/service/clock';
import { LIMITS } from '../../../common/service/limits';
import type { Body } from '../../../common/wire/message';
import type { Bus } from './bus';
import type { Aggregator, Members, Node } from './members';
import { Soon } from './soon';

interface RosterOptions {
  readonly bus: Pick<Bus, 'tell'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly members: Pick<Members, 'aggregators' | 'nodes'>;
}

const TOGETHER_MS = 100;
/** Names of one message: 255 bytes each at most. */
const NAMES_PER_MESSAGE = Math.floor(LIMITS.messageBytes / 512);
/** A change is on its way for this long. */
const UNDER_WAY_MS = 2000;

export class RosterPublisher {
  /** Of this process: another one of its kind counts from the beginning. */
  private readonly epoch = randomUUID();
  private count = 1;
  private readonly put = new Map<string, string>();
  private readonly drop = new Set<string>();
  private readonly barred = new Set<string>();
  private publishedAt = -Infinity;
  /** Until then the list is not whole, and one that is not must not replace what aggregators have. */
  private open = false;
  private readonly publishing = new Soon(TOGETHER_MS, () => {
    this.flush();
  });
  private readonly o: RosterOptions;

  constructor(options: RosterOptions) {
    this.o = options;
  }

  /** From now on the list is whole. */
  begin(): void {
    if (this.open) return;
    this.open = true;
    this.put.clear();
    this.drop.clear();
    for (const aggregator of this.o.members.aggregators) this.sendWhole(aggregator);
  }

  nodeUp({ host, standing }: Node): void {
    this.drop.delete(host);
    this.put.set(host, standing.catalogue);
    if (this.open) this.publishing.request();
  }

  /** Of this one not even what is on its way counts. Said at once, and again to aggregators that come. */
  nodeBarred(host: string): void {
    this.barred.add(host);
    this.flush();
  }

  nodeGone({ host }: Node): void {
    this.put.delete(host);
    this.drop.add(host);
    if (this.open) this.publishing.request();
  }

  aggregatorUp(aggregator: Aggregator): void {
    if (!this.open) return;
    this.flush();
    this.sendWhole(aggregator);
  }

  /** An aggregator has told which list it has. */
  heard(aggregator: Aggregator, version: string | undefined): void {
    if (!this.open || version === this.version) return;
    if (this.o.clock.now() - this.publishedAt >= UNDER_WAY_MS) this.sendWhole(aggregator);
  }

  /** Sends what has changed. */
  flush(): void {
    if (!this.open || (this.put.size === 0 && this.drop.size === 0 && this.barred.size === 0)) return;
    const from = this.version;
    this.count++;
    const [first, ...rest] = split(from, this.version, this.put, [...this.drop]);
    const barred = [...this.barred].slice(0, NAMES_PER_MESSAGE);
    this.barred.clear();
    const messages =
      first === undefined ? [] : [{ ...first, ...(barred.length === 0 ? {} : { barred }) }, ...rest];
    this.put.clear();
    this.drop.clear();
    this.send(this.o.members.aggregators, messages);
  }

  private get version(): string {
    return `${this.epoch}.${this.count}`;
  }

  private sendWhole(aggregator: Aggregator): void {
    const nodes = this.o.members.nodes.map(({ host, standing }) => [host, standing.catalogue] as const);
    this.send([aggregator], split(undefined, this.version, new Map(nodes), []));
  }

  private send(aggregators: readonly Aggregator[], messages: readonly Body<'nodes'>[]): void {
    this.publishedAt = this.o.clock.now();
    for (const { key } of aggregators) for (const message of messages) this.o.bus.tell(key, 'nodes', message);
  }
}

/** Messages that lead from one version to another, each small enough for the wire. */
function split(
  from: string | undefined,
  to: string,
  put: ReadonlyMap<string, string>,
  drop: readonly string[],
): Body<'nodes'>[] {
  const changes = [...drop.map((name) => [name, undefined] as const), ...put];
  const messages: Body<'nodes'>[] = [];
  for (let i = 0; i === 0 || i < changes.length; i += NAMES_PER_MESSAGE) {
    const isLast = i + NAMES_PER_MESSAGE >= changes.length;
    const byCatalogue = new Map<string, string[]>();
    const gone: string[] = [];
    for (const [name, catalogue] of changes.slice(i, i + NAMES_PER_MESSAGE)) {
      if (catalogue === undefined) gone.push(name);
      else appendTo(byCatalogue, catalogue, name);
    }
    const before = i === 0 ? from : `${to}.${i}`;
    messages.push({
      ...(before === undefined ? {} : { from: before }),
      to: isLast ? to : `${to}.${i + NAMES_PER_MESSAGE}`,
      put: [...byCatalogue].map(([catalogue, names]) => ({ catalogue, names })),
      drop: gone,
      ...(isLast ? {} : { more: true }),
    });
  }
  return messages;
}

function appendTo(lists: Map<string, string[]>, key: string, name: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [name]);
  else list.push(name);
}
