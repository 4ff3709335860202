/*
 * How full the file system of a folder is. In: the folder, which need not be there yet. Out: its size and what is left of it,
 * as it was when last looked at: a scrape never waits for a disk.
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

interface Room {
  readonly sizeBytes: number;
  /** For those who are not root. */
  readonly availableBytes: number;
}

export class DiskRoom {
  private readonly folder: string;
  private found: Room | undefined;
  private looking: Promise<void> | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** What was found last; undefined: nothing yet, or it cannot be asked. */
  get room(): Room | undefined {
    return this.found;
  }

  /** One look at a time: a disk that hangs is waited for once. Never rejects. */
  look(): Promise<void> {
    this.looking ??= roomOf(this.folder).then((room) => {
      this.found = room;
      this.looking = undefined;
    });
    return this.looking;
  }
}

async function roomOf(folder: string): Promise<Room | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    return { sizeBytes: blocks * bsize, availableBytes: bavail * bsize };
  } catch (error) {
    const above = dirname(folder);
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing && above !== folder ? roomOf(above) : undefined;
  }
}
