/*
 * All histories of a host together stay within a bound: each has one of its own, but their number has not. In: the bound, as a
 * setting. Out: the oldest files gone, whosever they are. Processes of a host agree without a lock: all find the same oldest.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskRoom } from '../../../common/service/files/disk-room';
import { invalid } from '../../../common/service/errors';
import type { Environment } from '../../../common/service/settings';
import { Segments, type SegmentFile } from './segments';

/** How often all files are looked at. */
const EVERY_MS = 60_000;
/** Of the file system. */
const USUAL = '50%';
const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** One of the two: a part of the file system, or bytes. */
export type HistoryMax = { readonly share: number } | { readonly bytes: number };

/** CA_HISTORY_MAX. Throws INVALID. */
export function readHistoryMax(env: Environment): HistoryMax {
  const given = env['CA_HISTORY_MAX'] ?? '';
  const [, digits = '', unit = ''] = /^(\d{1,6})([%MGT])$/.exec(given === '' ? USUAL : given) ?? [];
  const number = Number(digits);
  const bytes = number * (UNITS[unit] ?? 0);
  if (unit === '%' && number >= 1 && number <= 100) return { share: number / 100 };
  if (bytes > 0) return { bytes };
  throw invalid(
    'CA_HISTORY_MAX',
    'must be a share of the file system such as 50%, or a size such as 800M, 20G or 1T',
  );
}

interface HistoryCapOptions {
  readonly folder: string;
  /** A folder there that only counts: its files go when their values have moved on. */
  readonly journal: string;
  readonly max: HistoryMax;
  readonly disk: Pick<DiskRoom, 'room'>;
}

export class HistoryCap {
  private lookedMs = -Infinity;
  private found: number | undefined;
  private readonly o: HistoryCapOptions;

  constructor(options: HistoryCapOptions) {
    this.o = options;
  }

  /** As of the last look; undefined: there was none. */
  get bytes(): number | undefined {
    return this.found;
  }

  /** undefined: a share of a file system that could not be asked for its size. */
  get bytesMax(): number | undefined {
    const { max, disk } = this.o;
    if ('bytes' in max) return max.bytes;
    return disk.room === undefined ? undefined : Math.floor(disk.room.sizeBytes * max.share);
  }

  /** Now and then: how many files had to go. Rejects with the disk's error. */
  async keep(nowMs: number): Promise<number> {
    if (nowMs - this.lookedMs < EVERY_MS) return 0;
    this.lookedMs = nowMs;
    const { folder, journal } = this.o;
    let bytes = 0;
    const droppable: (SegmentFile & { readonly segments: Segments })[] = [];
    for (const name of await readdir(folder).catch(() => [])) {
      const segments = new Segments(join(folder, name), '');
      for (const file of await segments.files().catch(() => [])) {
        bytes += file.size;
        if (name !== journal) droppable.push({ ...file, segments });
      }
    }
    let givenUp = 0;
    const { bytesMax = Infinity } = this;
    droppable.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { segments, name, size } of droppable) {
      if (bytes <= bytesMax) break;
      await segments.drop([name]);
      bytes -= size;
      givenUp++;
    }
    this.found = bytes;
    return givenUp;
  }
}
