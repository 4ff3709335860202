/*
 * The files of /proc and /sys, as they are now. In: paths. Out: text, names. Tests give recorded ones.
 *
 * Reads are synchronous: these files are made by the kernel while we read them, in microseconds, and never wait for
 * a disk. What is long (all processes, all containers) is read a slice at a time by whoever needs it.
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
  /** Bytes, for files with names in them that anybody may choose. */
  bytes(path: string): Buffer | undefined;
  /** Where a link leads, as /proc has it; undefined when it is not there or may not be looked at. */
  link(path: string): string | undefined;
  /** Names in a folder; empty when it is not there. */
  list(path: string): readonly string[];
  /** Names of the folders in a folder. */
  folders(path: string): readonly string[];
  /** The same of a file that a stranger may keep from being read; undefined also when he does. */
  slow(path: string): Promise<Buffer | undefined>;
  /** Who keeps such files from being read now, in one sentence. */
  heldUp(): string | undefined;
  /** Bytes of the file system mounted there. Takes as long as its disk does; rejects when it does not answer. */
  space(path: Buffer): Promise<Space>;
}

export interface Space {
  readonly total: number;
  readonly free: number;
  /** Of the free ones, those that are not kept for root. */
  readonly available: number;
}

export const REAL_FILES: Files = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined; // gone between listing and reading, or not ours to see
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
