/*
 * Values on disk, for instrumentations with persist-data. In: once a second, what has changed. Out: files below
 * CA_HOME/hindsight, and after a restart or a move the seconds that they hold (docs/hindsight.md says why files of
 * our own). A disk that is full or fails costs nothing but this: values are served from memory, the log says so once,
 * status always, and what could not be written is written when the disk takes it again.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../common/clock';
import { messageOf } from '../../common/errors';
import type { Instrumentation } from '../../common/instrumentation';
import type { Log } from '../../common/log';
import type { Dataset } from './dataset';
import { Recollection, remember } from './remembered';
import { Segments } from './segments';

export interface HindsightOptions {
  readonly folder: string;
  /** A name that no other process has: files are written by one process each. */
  readonly writer: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Kept {
  readonly segments: Segments;
  readonly dataset: Dataset;
  /** What its files did not give when it was loaded, and until when that may matter. */
  readonly gaps: { readonly damagedBytes: number; readonly unread?: string; readonly until: number };
}

/** What whoever asks for values should know of the disk; undefined: all is well there. */
export interface DiskTrouble {
  /** False: values of late are in memory alone. */
  readonly written: boolean;
  /** False: what had been written before could not be read. */
  readonly read: boolean;
  readonly damaged_bytes: number;
  /** The system's code, such as ENOSPC; its whole text may hold paths. */
  readonly reason?: string;
}

/** Folders that nobody here owns are looked through this often, for files whose retention is over. */
const SWEEP_EVERY_MS = 600_000;

export class Hindsight {
  readonly counts = {
    writes: 0,
    failures: 0,
    damagedBytes: 0,
    foreignRecords: 0,
    reloadedSlots: 0,
    givenUp: 0,
  };
  private readonly kept = new Map<string, Kept>();
  private readonly options: HindsightOptions;
  /** Why nothing is written at the moment. */
  private trouble: unknown;
  private working: Promise<void> | undefined;
  private sweptMs = 0;

  constructor(options: HindsightOptions) {
    this.options = options;
  }

  /** Fills a new dataset with what is on disk. Never rejects: what cannot be read is said and left. */
  async load(id: string, dataset: Dataset): Promise<void> {
    const segments = this.segmentsOf(id);
    const found = new Recollection();
    const { clock, log } = this.options;
    const until = clock.now() + 1000 * dataset.retentionTime;
    let gaps: Kept['gaps'] = { damagedBytes: 0, until };
    try {
      const damaged = await segments.read((record) => {
        found.add(record);
      });
      this.counts.damagedBytes += damaged;
      this.counts.foreignRecords += found.foreign;
      gaps = { damagedBytes: damaged, until };
      if (damaged > 0 || found.foreign > 0) {
        log.warn(
          { fqid: id, damagedBytes: damaged, foreignRecords: found.foreign },
          'some values on disk are damaged; the others are used',
        );
      }
    } catch (error) {
      gaps = { damagedBytes: 0, unread: codeOf(error), until };
      log.error({ fqid: id, reason: messageOf(error) }, 'values on disk cannot be read');
    }
    // Not before: whoever is kept and not owned yet would be taken for one that is not wanted any more.
    this.keep(id, dataset, gaps);
    this.counts.reloadedSlots += dataset.restore(found.all, clock.now());
  }

  /** Once a second; a disk that takes longer than that gets more at a time. */
  tick(owned: Iterable<readonly [string, { dataset: Dataset; instrumentation: Instrumentation }]>): void {
    if (this.working !== undefined) return;
    const wanted = new Set<string>();
    for (const [id, { dataset, instrumentation }] of owned) {
      if (!instrumentation.persistData) continue;
      wanted.add(id);
      if (!this.kept.has(id)) this.keep(id, dataset); // switched on while it ran
    }
    if (wanted.size === 0 && this.kept.size === 0) return;
    const stays = [...this.kept].filter(([id]) => wanted.has(id));
    const leaves = [...this.kept].filter(([id]) => !wanted.has(id));
    for (const [id] of leaves) this.kept.delete(id);
    this.working = this.work(stays, leaves).finally(() => {
      this.working = undefined;
    });
  }

  /** Of an instrumentation that is not ours any more: `deleted` says that it is nobody's. */
  async forget(id: string, deleted: boolean): Promise<void> {
    const kept = this.kept.get(id);
    this.kept.delete(id);
    await this.working;
    if (!deleted) await kept?.segments.end();
    else await (kept?.segments ?? this.segmentsOf(id)).remove().catch(() => undefined);
  }

  /** What has changed so far is on disk when it resolves, if the disk takes it. */
  async close(): Promise<void> {
    await this.working;
    for (const [id, kept] of this.kept) await this.write(id, kept);
    for (const { segments } of this.kept.values()) await segments.end();
  }

  /** Of one instrumentation, while it matters. */
  troubleOf(id: string): DiskTrouble | undefined {
    const kept = this.kept.get(id);
    if (kept === undefined) return undefined;
    const { damagedBytes, unread, until } = kept.gaps;
    const gone = this.options.clock.now() >= until; // what is missing would be over by now
    const [read, damaged_bytes] = gone ? [true, 0] : [unread === undefined, damagedBytes];
    const written = this.trouble === undefined;
    if (written && read && damaged_bytes === 0) return undefined;
    const reason = written ? unread : codeOf(this.trouble);
    return { written, read, damaged_bytes, ...(reason === undefined ? {} : { reason }) };
  }

  status(): Record<string, unknown> {
    return {
      instrumentations: this.kept.size,
      ok: this.trouble === undefined,
      ...(this.trouble === undefined ? {} : { reason: messageOf(this.trouble) }),
      ...this.counts,
    };
  }

  private async work(stays: [string, Kept][], leaves: [string, Kept][]): Promise<void> {
    for (const [, { dataset, segments }] of leaves) {
      // persist-data was switched off: what was kept is not to be kept.
      dataset.unsaved.end();
      await segments.remove().catch(() => undefined);
    }
    await Promise.all(
      stays.map(async ([id, kept]) => {
        await this.write(id, kept);
        // Given up in the meantime: nobody else will close its file.
        if (this.kept.get(id) !== kept) await kept.segments.end();
      }),
    );
    await this.sweep();
  }

  private async write(id: string, { dataset, segments }: Kept): Promise<void> {
    const changes = dataset.unsaved.take();
    const { slots, periods } = changes;
    if (slots.size === 0 && periods.size === 0) return;
    const now = this.options.clock.now();
    try {
      const record = remember(dataset, slots, periods);
      this.counts.givenUp += await segments.append(record, now, dataset.retentionTime);
      this.counts.writes++;
      if (this.trouble === undefined) return;
      this.trouble = undefined;
      this.options.log.info({ fqid: id }, 'values are written to disk again, those of the meantime too');
    } catch (error) {
      dataset.unsaved.giveBack(changes, dataset);
      this.counts.failures++;
      if (this.trouble === undefined) {
        const reason = messageOf(error);
        this.options.log.error({ fqid: id, reason }, 'values cannot be written to disk; they stay in memory');
      }
      this.trouble = error;
      // A full disk is helped best by giving up what is over.
      await segments.expire(now).catch(() => undefined);
    }
  }

  /** What others left, and instrumentations deleted while nobody looked, goes when its retention is over. */
  private async sweep(): Promise<void> {
    const now = this.options.clock.now();
    if (now - this.sweptMs < SWEEP_EVERY_MS) return;
    this.sweptMs = now;
    for (const name of await readdir(this.options.folder).catch(() => [])) {
      const segments = new Segments(join(this.options.folder, name), this.options.writer);
      this.counts.givenUp += await segments.expire(now).catch(() => 0);
    }
  }

  private keep(id: string, dataset: Dataset, gaps: Kept['gaps'] = { damagedBytes: 0, until: 0 }): Kept {
    dataset.unsaved.begin(dataset);
    const kept = { segments: this.segmentsOf(id), dataset, gaps };
    this.kept.set(id, kept);
    return kept;
  }

  private segmentsOf(id: string): Segments {
    // Ids are numbers and customers' names: whatever those hold, it is one name in our folder.
    const name = encodeURIComponent(id).replaceAll('.', '%2E');
    return new Segments(join(this.options.folder, name), this.options.writer);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
}
