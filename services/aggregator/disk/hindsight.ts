/*
 * Values on disk, for instrumentations with persist-data. In: once a second, the changes. Out: files below
 * CA_HOME/hindsight, and after a restart or a move the seconds that they hold (docs/hindsight.md says why files of
 * our own). The changes of a second are one append to the journal, for all instrumentations; each instrumentation's values
 * move into its own files every 30 s. When the disk is full or fails, values are served from memory, the log reports
 * it once, status and values always, and the changes are written when the disk works again.
 */
import type { HindsightStatus } from '../../../common/api/status';
import type { DiskTrouble } from '../../../common/api/value';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../common/service/clock';
import type { DiskRoom } from '../../../common/service/files/disk-room';
import { messageOf } from '../../../common/service/errors';
import type { Instrumentation } from '../../../common/model/instrumentation';
import type { Log } from '../../../common/service/log';
import type { Dataset } from '../dataset/dataset';
import { restore } from '../dataset/restoring';
import { HistoryCap, readHistoryMax, type HistoryMax } from './history-cap';
import { Journal } from './journal';
import { partsOf, Recollection, remember, type Portion } from './remembered';
import { Segments } from './segments';
import { onlyHeld, type Changes } from '../dataset/unsaved';

/** Size limit of this process's journal; above it values move to their own files. */
const JOURNAL_BYTES = 32 * 1024 * 1024;
/** Time in which all values of the journal move to their own files. */
const ROUND_MS = 30_000;

interface HindsightOptions {
  readonly folder: string;
  /** A name that no other process has: files are written by one process each. */
  readonly writer: string;
  /** Of all histories of this host. */
  readonly max?: HistoryMax;
  readonly disk?: Pick<DiskRoom, 'room'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Kept {
  readonly segments: Segments;
  readonly dataset: Dataset;
  /** What could not be read when it was loaded, and until when that matters. */
  readonly gaps: { readonly damagedBytes: number; readonly unread?: string; readonly until: number };
  /** Changes in the journal that are not in its own files yet. */
  unfiled: Changes;
}

/** Interval at which folders that we do not own are searched for files past their retention. */
const SWEEP_EVERY_MS = 600_000;
/** No instrumentation's folder: their names have an escaped semicolon in them. */
const JOURNAL = 'journal';

export class Hindsight {
  readonly counts = {
    writes: 0,
    failures: 0,
    damagedBytes: 0,
    foreignRecords: 0,
    reloadedSlots: 0,
    givenUp: 0,
    filed: 0,
  };
  private readonly kept = new Map<string, Kept>();
  private readonly options: HindsightOptions;
  private readonly journal: Journal;
  private readonly cap: HistoryCap;
  /** Journal files to delete as soon as no instrumentation in `left` has its values only there. */
  private round: { files: readonly string[]; readonly left: Set<string>; begunMs: number };
  /** Journal files with values that could not be moved in time: kept until their retention is over. */
  private readonly spared = new Set<string>();
  /** Why writes fail at present; why the journal's values cannot be moved. */
  private trouble: unknown;
  private misfiled: unknown;
  private working: Promise<void> | undefined;
  private sweptMs = 0;

  constructor(options: HindsightOptions) {
    this.options = options;
    this.journal = new Journal(join(options.folder, JOURNAL), options.writer);
    const { folder, max = readHistoryMax({}), disk = { room: undefined } } = options;
    this.cap = new HistoryCap({ folder, journal: JOURNAL, max, disk });
    this.round = { files: [], left: new Set(), begunMs: options.clock.now() };
  }

  /** Fills a new dataset from disk. Never rejects: what cannot be read is logged and skipped. */
  async load(id: string, dataset: Dataset): Promise<void> {
    const segments = this.segmentsOf(id);
    const found = new Recollection();
    const { clock, log } = this.options;
    const until = clock.now() + 1000 * dataset.retentionTime;
    let gaps: Kept['gaps'] = { damagedBytes: 0, until };
    try {
      // In this order: values that another process moves meanwhile are read twice rather than not at all.
      const journaled = await this.journal.find(id, clock.now());
      for (const part of journaled.parts) found.add(part);
      let foreign = 0;
      const damaged = await segments.read((record) => {
        const parts = partsOf(record);
        if (parts === undefined) foreign++;
        for (const part of parts ?? []) found.add(part);
      });
      this.counts.damagedBytes += damaged;
      this.counts.foreignRecords += foreign;
      gaps = { damagedBytes: damaged + journaled.damaged, until };
      if (gaps.damagedBytes > 0 || foreign > 0) {
        log.warn(
          { fqid: id, damagedBytes: gaps.damagedBytes, foreignRecords: foreign },
          'some values on disk are damaged; the others are used',
        );
      }
    } catch (error) {
      gaps = { damagedBytes: 0, unread: codeOf(error), until };
      log.error({ fqid: id, reason: messageOf(error) }, 'values on disk cannot be read');
    }
    // Not earlier: an instrumentation that is kept but not owned yet would count as no longer wanted.
    this.keep(id, dataset, gaps);
    this.counts.reloadedSlots += restore(found.all, dataset.restorable(clock.now()));
  }

  /** Once a second; a slower disk gets more at a time. */
  tick(owned: Iterable<readonly [string, { dataset: Dataset; instrumentation: Instrumentation }]>): void {
    this.journal.tick(this.options.clock.now());
    if (this.working !== undefined) return;
    const wanted = new Set<string>();
    for (const [id, { dataset, instrumentation }] of owned) {
      if (!instrumentation.persistData) continue;
      wanted.add(id);
      if (!this.kept.has(id)) this.keep(id, dataset); // switched on while it ran
    }
    if (wanted.size === 0 && this.kept.size === 0) return;
    const leaves = [...this.kept].filter(([id]) => !wanted.has(id));
    for (const [id] of leaves) this.kept.delete(id);
    void this.inTurn(async () => {
      for (const [, { dataset, segments }] of leaves) {
        // persist-data was switched off: delete what was kept.
        dataset.unsaved.end();
        await segments.remove().catch(() => undefined);
      }
      await this.write();
      await this.moveOn();
      await this.sweep();
      await this.keepWithinCap();
    });
  }

  /** Drops an instrumentation that is no longer ours; `deleted`: it has no new owner. */
  async forget(id: string, deleted: boolean): Promise<void> {
    const kept = this.kept.get(id);
    this.kept.delete(id);
    await this.inTurn(async () => {
      if (deleted) await (kept?.segments ?? this.segmentsOf(id)).remove().catch(() => undefined);
      else if (kept !== undefined) await this.handOver(id, kept);
    });
  }

  /** Resolves when all changes so far are on disk, if the disk works. */
  async close(): Promise<void> {
    await this.inTurn(() => this.write());
    await this.journal.end();
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

  status(): HindsightStatus {
    const trouble = this.trouble ?? this.misfiled;
    const { damagedBytes, foreignRecords } = this.journal.counts;
    const { bytes, bytesMax } = this.cap;
    return {
      instrumentations: this.kept.size,
      ok: trouble === undefined,
      ...(trouble === undefined ? {} : { reason: messageOf(trouble) }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(bytesMax === undefined ? {} : { bytesMax }),
      ...this.counts,
      damagedBytes: this.counts.damagedBytes + damagedBytes,
      foreignRecords: this.counts.foreignRecords + foreignRecords,
    };
  }

  /** Serializes tasks: values must not be moved while the journal's files are deleted. */
  private inTurn(task: () => Promise<void>): Promise<void> {
    const working = (this.working ?? Promise.resolve()).then(task).finally(() => {
      if (this.working === working) this.working = undefined;
    });
    this.working = working;
    return working;
  }

  /** Writes all changes since the last time, in one append. */
  private async write(): Promise<void> {
    const taken: (Portion & { readonly kept: Kept; readonly changes: Changes })[] = [];
    for (const [id, kept] of this.kept) {
      const changes = kept.dataset.unsaved.take();
      if (changes.slots.size === 0 && changes.periods.size === 0) continue;
      taken.push({ id, dataset: kept.dataset, ...changes, kept, changes });
    }
    if (taken.length === 0) return;
    const now = this.options.clock.now();
    const retention = Math.max(...taken.map(({ dataset }) => dataset.retentionTime));
    try {
      this.counts.givenUp += await this.journal.append(remember(taken), now, retention);
      this.counts.writes++;
      for (const { kept, changes } of taken) noteUnfiled(kept, changes);
      if (this.trouble === undefined) return;
      this.trouble = undefined;
      this.options.log.info({}, 'values are written to disk again, those of the meantime too');
    } catch (error) {
      for (const { changes, dataset } of taken) dataset.unsaved.giveBack(changes, dataset);
      this.counts.failures++;
      if (this.trouble === undefined) {
        const reason = messageOf(error);
        this.options.log.error({ reason }, 'values cannot be written to disk; they stay in memory');
      }
      this.trouble = error;
      // On a full disk, delete expired files first.
      await this.journal.expire(now).catch(() => undefined);
      for (const { segments } of this.kept.values()) await segments.expire(now).catch(() => undefined);
    }
  }

  /** Files some of the remaining instrumentations, so that all are done in 30 s; then starts a new journal. */
  private async moveOn(): Promise<void> {
    const now = this.options.clock.now();
    const full = this.journal.bytes > JOURNAL_BYTES;
    const { left, files, begunMs } = this.round;
    const pace = full ? left.size : Math.ceil((1000 * this.kept.size) / ROUND_MS);
    try {
      for (const id of [...left].slice(0, pace)) {
        const kept = this.kept.get(id);
        if (kept !== undefined) await this.file(id, kept);
        left.delete(id);
      }
      if (left.size > 0 || (!full && now - begunMs < ROUND_MS)) return;
      await this.journal.drop(files);
      const closed = await this.journal.cut();
      for (const name of this.spared) if (!closed.includes(name)) this.spared.delete(name);
      this.round = {
        files: closed.filter((name) => !this.spared.has(name)),
        left: new Set([...this.kept].filter(([, { unfiled }]) => unfiled.slots.size > 0).map(([id]) => id)),
        begunMs: now,
      };
      this.misfiled = undefined;
    } catch (error) {
      if (this.misfiled === undefined) {
        const reason = messageOf(error);
        this.options.log.error(
          { reason },
          'values stay in the journal: they cannot be written to their own files',
        );
      }
      this.misfiled = error;
    }
  }

  /** Moves its values from the journal to its own files. Rejects with the disk's error, without a change. */
  private async file(id: string, kept: Kept): Promise<void> {
    const { dataset, segments, unfiled } = kept;
    const { slots, periods } = unfiled;
    if (slots.size === 0) return;
    try {
      const records = remember([{ id, dataset, slots, periods }]);
      this.counts.givenUp += await segments.append(records, this.options.clock.now(), dataset.retentionTime);
      this.counts.filed++;
      kept.unfiled = { slots: new Set(), periods: new Set() };
    } catch (error) {
      this.counts.failures++;
      kept.unfiled = onlyHeld(unfiled, dataset); // it bounds what may gather here
      throw error;
    }
  }

  /** Prepares its move to another process: our journal is deleted at any time, but its own files stay. */
  private async handOver(id: string, kept: Kept): Promise<void> {
    noteUnfiled(kept, kept.dataset.unsaved.take());
    try {
      await this.file(id, kept);
    } catch (error) {
      this.options.log.error(
        { fqid: id, reason: messageOf(error) },
        'values stay in the journal as it moves away',
      );
      for (const name of await this.journal.cut().catch(() => [])) this.spared.add(name);
      this.round.files = [];
    }
    await kept.segments.end();
  }

  /** Deletes files past their retention of former owners, and of instrumentations deleted meanwhile. */
  private async sweep(): Promise<void> {
    const now = this.options.clock.now();
    if (now - this.sweptMs < SWEEP_EVERY_MS) return;
    this.sweptMs = now;
    this.counts.givenUp += await this.journal.expire(now).catch(() => 0);
    for (const name of await readdir(this.options.folder).catch(() => [])) {
      if (name === JOURNAL) continue;
      const segments = new Segments(join(this.options.folder, name), this.options.writer);
      this.counts.givenUp += await segments.expire(now).catch(() => 0);
    }
  }

  private async keepWithinCap(): Promise<void> {
    const { clock, log } = this.options;
    const files = await this.cap.keep(clock.now()).catch(() => 0);
    if (files === 0) return;
    this.counts.givenUp += files;
    const { bytesMax } = this.cap;
    log.warn({ files, bytesMax }, 'the oldest history was deleted: all of it was larger than CA_HISTORY_MAX');
  }

  private keep(id: string, dataset: Dataset, gaps: Kept['gaps'] = { damagedBytes: 0, until: 0 }): Kept {
    dataset.unsaved.begin(dataset);
    const unfiled: Changes = { slots: new Set(), periods: new Set() };
    const kept = { segments: this.segmentsOf(id), dataset, gaps, unfiled };
    this.kept.set(id, kept);
    return kept;
  }

  private segmentsOf(id: string): Segments {
    // Ids contain customers' names: escape them to a single file name.
    const name = encodeURIComponent(id).replaceAll('.', '%2E');
    return new Segments(join(this.options.folder, name), this.options.writer);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
}

function noteUnfiled(kept: Kept, { slots, periods }: Changes): void {
  const { unfiled } = kept;
  kept.unfiled = {
    slots: new Set([...unfiled.slots, ...slots]),
    periods: new Set([...unfiled.periods, ...periods]),
  };
}
