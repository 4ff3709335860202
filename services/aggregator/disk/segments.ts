/*
 * A folder of files, each appended to by one process and deleted as a whole. In: records. Out: all intact
 * records of all files, of every writer. A new owner reads the files of its predecessor, dead or alive, and writes its
 * own: nothing here needs a lock. Each instrumentation has such a folder, and the journal is one.
 */
import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { frame, unframe } from './frame';

/** Size limit of all files of one instrumentation. */
const BYTES = 128 * 1024 * 1024;
/** Size limit of one file. */
export const FILE_BYTES = 8 * 1024 * 1024;
/** Least time for which a file is appended to. */
const FILE_MS = 30_000;

interface Current {
  readonly handle: FileHandle;
  readonly begunMs: number;
  readonly retention: number;
  bytes: number;
}

export interface SegmentFile {
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export class Segments {
  private readonly folder: string;
  private readonly writer: string;
  private readonly bytesMax: number;
  private current: Current | undefined;
  private count = 0;

  /** `writer`: a name that no other process has. `bytesMax`: size limit of all files together. */
  constructor(folder: string, writer: string, bytesMax: number = BYTES) {
    this.folder = folder;
    this.writer = writer;
    this.bytesMax = bytesMax;
  }

  /** Calls back for each whole record, oldest file first; resolves to the number of damaged bytes. */
  async read(each: (record: Buffer) => void): Promise<number> {
    let damaged = 0;
    for (const name of await this.names()) {
      const found = await this.readOne(name);
      damaged += found.damaged + found.torn;
      found.records.forEach(each);
    }
    return damaged;
  }

  /** A file that was deleted meanwhile counts as empty. */
  async readOne(name: string): Promise<ReturnType<typeof unframe>> {
    return unframe((await orGone(readFile(join(this.folder, name)))) ?? Buffer.alloc(0));
  }

  /** Oldest first. */
  async files(): Promise<SegmentFile[]> {
    const names = await this.names();
    const sizes = await Promise.all(names.map(async (name) => orGone(stat(join(this.folder, name)))));
    return names.map((name, i) => ({ name, size: sizes[i]?.size ?? 0, mtimeMs: sizes[i]?.mtimeMs ?? 0 }));
  }

  /**
   * Appends all records at once; on disk when it resolves, to the number of files deleted for lack of room.
   * Rejects with the disk's error.
   */
  async append(records: readonly Buffer[], nowMs: number, retention: number): Promise<number> {
    const framed = Buffer.concat(records.map(frame));
    // The file's name contains its retention.
    if (this.current !== undefined && this.current.retention < retention) await this.end();
    // Another process may have given it up: what is written to it then is nowhere.
    if (this.current !== undefined && (await this.current.handle.stat()).nlink === 0) await this.end();
    const current = (this.current ??= await this.begin(nowMs, retention));
    try {
      for (let at = 0; at < framed.length;) {
        const { bytesWritten } = await current.handle.write(framed, at);
        at += bytesWritten;
      }
      await current.handle.datasync();
    } catch (error) {
      // A partial record may remain, which readers skip; the next record starts a new file.
      await this.end();
      throw error;
    }
    current.bytes += framed.length;
    const old = Math.max(FILE_MS, (retention * 1000) / 10);
    if (current.bytes <= FILE_BYTES && nowMs - current.begunMs <= old) return 0;
    await this.end();
    return this.expire(nowMs);
  }

  /** Deletes files whose newest value is past its retention, then the oldest until the rest is small enough; returns their number. */
  async expire(nowMs: number, bytesMax: number = this.bytesMax): Promise<number> {
    const names = await this.names();
    const sizes = await Promise.all(names.map(async (name) => orGone(stat(join(this.folder, name)))));
    let bytes = sizes.reduce((sum, file) => sum + (file?.size ?? 0), 0);
    let givenUp = 0;
    for (const [i, name] of names.entries()) {
      const { size = 0, mtimeMs = 0 } = sizes[i] ?? {};
      const over = mtimeMs + 1000 * retentionOf(name) < nowMs;
      if (!over && (bytes <= bytesMax || i === names.length - 1)) continue;
      await this.drop([name]);
      bytes -= size;
      if (!over) givenUp++;
    }
    return givenUp;
  }

  /** Ends the current file; returns the names of all files that this process wrote here. */
  async cut(): Promise<readonly string[]> {
    await this.end();
    return (await this.names()).filter((name) => name.includes(`-${this.writer}-`));
  }

  async drop(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.folder, name), { force: true });
  }

  async end(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.handle.close().catch(() => undefined);
  }

  async remove(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async begin(nowMs: number, retention: number): Promise<Current> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const number = String(++this.count).padStart(6, '0');
    const name = `${String(nowMs).padStart(15, '0')}-${retention}-${this.writer}-${number}.log`;
    const handle = await open(join(this.folder, name), 'ax', 0o600);
    return { handle, begunMs: nowMs, retention, bytes: 0 };
  }

  private async names(): Promise<string[]> {
    const all = (await orGone(readdir(this.folder))) ?? [];
    return all.filter((name) => name.endsWith('.log')).sort();
  }
}

/** Another process may delete a file or the folder between two of our steps. */
async function orGone<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Seconds; of a name that is not ours: none. */
function retentionOf(name: string): number {
  return Number(/^\d+-(\d+)-/.exec(name)?.[1] ?? 0);
}
