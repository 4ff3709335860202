/*
 * The files of one instrumentation: each is written by one process, in order, and given up as a whole. In: records.
 * Out: all that whole records of all files say, whoever wrote them. An aggregator that takes over reads what the one
 * before it left, dead or alive, and writes beside it: nothing here needs a lock.
 */
import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../../common/limits';
import { frame, unframe } from './frame';

interface Current {
  readonly handle: FileHandle;
  readonly begunMs: number;
  bytes: number;
}

export class Segments {
  private readonly folder: string;
  private readonly writer: string;
  private current: Current | undefined;
  private count = 0;

  /** `writer`: a name that no other process has. */
  constructor(folder: string, writer: string) {
    this.folder = folder;
    this.writer = writer;
  }

  /** Calls back for each whole record, oldest file first; resolves to the number of damaged bytes. */
  async read(each: (record: Buffer) => void): Promise<number> {
    let damaged = 0;
    for (const name of await this.names()) {
      const found = unframe(await readFile(join(this.folder, name)));
      damaged += found.damaged;
      found.records.forEach(each);
    }
    return damaged;
  }

  /** On disk when it resolves, to how many files were given up for want of room. Rejects with the disk's error. */
  async append(record: Buffer, nowMs: number, retention: number): Promise<number> {
    const framed = frame(record);
    const current = (this.current ??= await this.begin(nowMs, retention));
    try {
      for (let at = 0; at < framed.length;) {
        const { bytesWritten } = await current.handle.write(framed, at);
        at += bytesWritten;
      }
      await current.handle.datasync();
    } catch (error) {
      // Half a record stays behind, which readers pass over; the next one begins a file of its own.
      await this.end();
      throw error;
    }
    current.bytes += framed.length;
    const old = Math.max(LIMITS.hindsightFileMs, (retention * 1000) / 10);
    if (current.bytes <= LIMITS.hindsightFileBytes && nowMs - current.begunMs <= old) return 0;
    await this.end();
    return this.expire(nowMs);
  }

  /** Gives up files whose newest value is older than the retention, then the oldest until the rest is small enough: how many. */
  async expire(nowMs: number, bytesMax: number = LIMITS.hindsightBytes): Promise<number> {
    const names = await this.names();
    const sizes = await Promise.all(names.map(async (name) => stat(join(this.folder, name))));
    let bytes = sizes.reduce((sum, { size }) => sum + size, 0);
    let givenUp = 0;
    for (const [i, name] of names.entries()) {
      const { size = 0, mtimeMs = 0 } = sizes[i] ?? {};
      const over = mtimeMs + 1000 * retentionOf(name) < nowMs;
      if (!over && (bytes <= bytesMax || i === names.length - 1)) continue;
      await rm(join(this.folder, name), { force: true });
      bytes -= size;
      if (!over) givenUp++;
    }
    return givenUp;
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
    return { handle: await open(join(this.folder, name), 'ax', 0o600), begunMs: nowMs, bytes: 0 };
  }

  private async names(): Promise<string[]> {
    const all = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return all.filter((name) => name.endsWith('.log')).sort();
  }
}

/** Seconds; of a name that is not ours: none. */
function retentionOf(name: string): number {
  return Number(/^\d+-(\d+)-/.exec(name)?.[1] ?? 0);
}
