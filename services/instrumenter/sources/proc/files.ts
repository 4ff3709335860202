/*
 * The files of /proc and /sys, as they are now. In: paths. Out: text, names. Tests give recorded ones.
 *
 * Reads are synchronous: the kernel generates these files while they are read, in microseconds, and never waits for
 * a disk. Callers read long lists (all processes, all containers) a slice at a time.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { ownerOfProcess } from '../process-owner';
import { FILE_READS, PROCESS_READS, readStart } from '../blocking-io-pool';
import { PROC_FILE_MS } from '../limits';

/** Arguments of one process. */
const ARGUMENTS_BYTES = 128 * 1024;

export interface Files {
  /** Undefined when it is not there or may not be read. */
  read(path: string): string | undefined;
  /** Bytes, for files that contain names chosen by users. */
  bytes(path: string): Buffer | undefined;
  /** The target of a link, as /proc has it; undefined when it is not there or may not be read. */
  link(path: string): string | undefined;
  /** Names in a folder; empty when it is not there. */
  list(path: string): readonly string[];
  /** Names of the folders in a folder. */
  folders(path: string): readonly string[];
  /** The same for a file whose read another user may block; undefined also when it is blocked. */
  slow(path: string): Promise<Buffer | undefined>;
  /** Who blocks reads of such files now, in one sentence. */
  heldUp(): string | undefined;
  /** Bytes of the file system mounted there. Takes as long as its disk does; rejects when it does not answer. */
  space(path: Buffer): Promise<Space>;
}

export interface Space {
  readonly total: number;
  readonly free: number;
  /** Of the free ones, those that are not reserved for root. */
  readonly available: number;
}

export const REAL_FILES: Files = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined; // gone between listing and reading, or not accessible
    }
  },
  bytes(path) {
    try {
      return readFileSync(path);
    } catch {
      return undefined;
    }
  },
  link(path) {
    try {
      return readlinkSync(path);
    } catch {
      return undefined;
    }
  },
  list(path) {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
  folders(path) {
    try {
      return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      );
    } catch {
      return [];
    }
  },
  async slow(path) {
    try {
      const pid = /^\/proc\/(\d+)\//.exec(path)?.[1] ?? '';
      return await readStart(PROCESS_READS, path, ARGUMENTS_BYTES, () => ownerOfProcess(pid));
    } catch {
      return undefined;
    }
  },
  heldUp: () => PROCESS_READS.shortfall(),
  async space(path) {
    const { blocks, bfree, bavail, bsize } = await FILE_READS.wait(
      path.toString('latin1'),
      PROC_FILE_MS,
      () => statfs(path),
    );
    return { total: blocks * bsize, free: bfree * bsize, available: bavail * bsize };
  },
};
