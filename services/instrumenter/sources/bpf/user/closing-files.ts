/*
 * Files that are no longer needed. In: such files. Out: nothing; they are closed, which may block too (a program
 * that serves a file system is asked): a close that has not started is tried again the next time.
 */
import type { BlockingIoPool } from '../../blocking-io-pool';
import type { KnownFile } from './known-file';
import { PROC_FILE_MS } from '../../limits';

export class ClosingFiles {
  private readonly pool: BlockingIoPool;
  private readonly waiting = new Set<KnownFile>();

  constructor(pool: BlockingIoPool) {
    this.pool = pool;
  }

  add(file: KnownFile): void {
    this.waiting.add(file);
  }

  close(): void {
    for (const file of this.waiting) {
      const { id, opened, owner } = file;
      const close = async (): Promise<void> => {
        this.waiting.delete(file);
        await opened?.close();
      };
      this.pool
        .wait(`the end of ${id}`, PROC_FILE_MS, close, { ownerOf: () => owner })
        .catch(() => undefined);
    }
  }
}
