/*
 * Contents of nodes' digests: catalogues, or lists of exceptions. In: the holders of each digest. Out: the
 * content, fetched once, from one holder. A fleet of 10,000 equal nodes costs one request and one copy.
 */
import { Limiter } from '../../../common/service/limiter';
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { digestOf } from '../../../common/wire/digest';
import type { Bus } from './bus';
import type { Node } from './members';

/** Catalogues and lists of exceptions that are known at a time. */
const KEPT = 20_000;
/** All of them. */
const BYTES = 64 * 1024 * 1024;
const ASKED_AT_A_TIME = 32;
const RETRY_MS = 1000;
const ANSWER_MS = 5000;

interface ContentsOptions<T> {
  readonly bus: Pick<Bus, 'call'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Checks it; throws what is wrong with it. */
  readonly read: (plain: unknown) => T;
  /** A content that need not be fetched. */
  readonly given?: { readonly digest: string; readonly content: T };
  /** The content has come, or has a holder again. */
  readonly arrived: (digest: string) => void;
  /** The content has no holder any more. */
  readonly left: (digest: string) => void;
}

interface Entry<T> {
  content: T | undefined;
  bytes: number;
  readonly holders: Set<Node>;
  asking: boolean;
  retryAt: number;
  /** Time since which it has no holder. */
  idleSince: number;
}

export class Contents<T> {
  private readonly entries = new Map<string, Entry<T>>();
  /** Digests to ask for, in order. */
  private readonly queue = new Set<string>();
  private readonly limiter = new Limiter({ atATime: ASKED_AT_A_TIME });
  private bytes = 0;
  private readonly o: ContentsOptions<T>;

  constructor(options: ContentsOptions<T>) {
    this.o = options;
    if (options.given !== undefined) this.entry(options.given.digest).content = options.given.content;
  }

  get(digest: string): T | undefined {
    return this.entries.get(digest)?.content;
  }

  holders(digest: string): ReadonlySet<Node> {
    return this.entries.get(digest)?.holders ?? NOBODY;
  }

  /** What is known, also if its last holder left a moment ago. */
  *known(): Iterable<[digest: string, content: T, holders: ReadonlySet<Node>]> {
    for (const [digest, { content, holders }] of this.entries) {
      if (content !== undefined) yield [digest, content, holders];
    }
  }

  /** Nodes that tell a digest whose content has not come. */
  get unknown(): number {
    let count = 0;
    for (const { content, holders } of this.entries.values())
      if (content === undefined) count += holders.size;
    return count;
  }

  hold(digest: string, node: Node): void {
    const entry = this.entry(digest);
    const isBack = entry.holders.size === 0 && entry.content !== undefined;
    entry.holders.add(node);
    if (isBack) this.o.arrived(digest);
    if (entry.content === undefined && !entry.asking) this.queue.add(digest);
    this.next();
  }

  release(digest: string, node: Node): void {
    const entry = this.entries.get(digest);
    if (entry?.holders.delete(node) !== true || entry.holders.size > 0) return;
    entry.idleSince = this.o.clock.now();
    if (entry.content === undefined) this.forget(digest);
    this.o.left(digest);
  }

  /** Once a second. */
  tick(): void {
    const now = this.o.clock.now();
    for (const [digest, { holders, idleSince }] of this.entries) {
      if (holders.size === 0 && digest !== this.o.given?.digest && now - idleSince > LIMITS.formerNodeMs) {
        this.forget(digest);
      }
    }
    this.next();
  }

  private entry(digest: string): Entry<T> {
    let entry = this.entries.get(digest);
    if (entry === undefined) {
      entry = { content: undefined, bytes: 0, holders: new Set(), asking: false, retryAt: 0, idleSince: 0 };
      this.entries.set(digest, entry);
    }
    return entry;
  }

  private forget(digest: string): void {
    this.bytes -= this.entries.get(digest)?.bytes ?? 0;
    this.entries.delete(digest);
    this.queue.delete(digest);
  }

  private next(): void {
    const now = this.o.clock.now();
    for (const digest of this.queue) {
      if (this.limiter.full) return;
      const entry = this.entries.get(digest);
      if (entry !== undefined && entry.retryAt > now) continue;
      this.queue.delete(digest);
      if (entry !== undefined && entry.content === undefined) void this.ask(digest, entry);
    }
  }

  private async ask(digest: string, entry: Entry<T>): Promise<void> {
    const [holder] = entry.holders;
    if (holder === undefined) return;
    if (!this.limiter.tryEnter()) return;
    entry.asking = true;
    try {
      this.makeRoom();
      const { content } = await this.o.bus.call(holder.key, 'content', { digest }, ANSWER_MS);
      // It has something else by now, and has told so, or will.
      if (content === undefined) throw new Error('it has changed meanwhile');
      const checked = this.o.read(content);
      if (digestOf(content) !== digest) throw new Error('what came has another digest');
      entry.content = checked;
      entry.bytes = JSON.stringify(content).length;
      this.bytes += entry.bytes;
    } catch (error) {
      this.o.log.debug({ digest, node: holder.host, reason: messageOf(error) }, 'no content yet');
      entry.retryAt = this.o.clock.now() + RETRY_MS;
      // Another holder is asked next.
      if (entry.holders.delete(holder)) entry.holders.add(holder);
      if (this.entries.get(digest) === entry && entry.holders.size > 0) this.queue.add(digest);
    } finally {
      entry.asking = false;
      this.limiter.leave();
    }
    if (entry.content !== undefined) this.o.arrived(digest);
    this.next();
  }

  /** Throws when those that are held take all the room. */
  private makeRoom(): void {
    for (const [digest, { holders }] of this.entries) {
      if (this.entries.size <= KEPT && this.bytes <= BYTES) return;
      if (holders.size === 0 && digest !== this.o.given?.digest) this.forget(digest);
    }
    if (this.bytes > BYTES) throw new Error('the nodes tell too many different things');
  }
}

const NOBODY: ReadonlySet<Node> = new Set();
