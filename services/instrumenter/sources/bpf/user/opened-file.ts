/*
 * An untrusted regular file, opened once: it is checked, read and attached to through one open descriptor,
 * even if its paths change. In: a path. Out: its identity, its bytes, a path of our own for the kernel.
 *
 * Its type is checked before it is opened: opening a device or a pipe in its place may have side effects.
 */
import { close, fstat, fstatSync, openSync, read, statfsSync, type BigIntStats } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { WITHOUT_WAITING } from '../../blocking-io-pool';
import { MissingError } from '../kernel/kernel-types';

/** Opens only the path, whatever its type (open(2): O_PATH, which Node.js does not define). */
const PLACE_ONLY = 0o10000000;
/** Magic numbers (statfs(2)) of file systems that show other devices or inodes than the kernel's list of mappings. */
const OVERLAY = 0x794c7630;
const BTRFS = 0x9123683e;
const BCACHEFS = 0xca451a4e;

const statOf = promisify(fstat);
const readOf = promisify(read);

/** As in the kernel's list of a process's mappings. */
export interface Inode {
  /** "8:1" */
  readonly device: string;
  readonly inode: bigint;
}

export class OpenedFile {
  /** Identity of the file's contents: it changes when the file is written to. */
  readonly identity: string;
  /** Identity of the file, usually as in the kernel's list of mappings; no other file has it while this one is open. */
  readonly place: string;
  readonly descriptor: number;
  readonly bytes: number;
  readonly isOverlay: boolean;
  /** The same for a file and for what an overlay shows of it. */
  readonly contents: string;
  private readonly letGo: () => Promise<void>;
  private uses = 0;
  private isClosed = false;

  /** `letGo` closes the descriptor; called once. */
  constructor(descriptor: number, stat: BigIntStats, isOverlay: boolean, letGo: () => Promise<void>) {
    this.descriptor = descriptor;
    this.identity = identityOf(stat, isOverlay);
    this.place = placeOf({ device: deviceOf(stat.dev), inode: stat.ino });
    this.contents = this.identity.replace(/^\S+/, '');
    this.bytes = Number(stat.size);
    this.isOverlay = isOverlay;
    this.letGo = letGo;
  }

  /** Passes a path that leads to the open file, and keeps it open until the work is done. */
  async using<T>(work: (path: string) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new MissingError('the file is gone');
    this.uses++;
    try {
      return await work(ownPath(this.descriptor));
    } finally {
      this.uses--;
      await this.closeUnused();
    }
  }

  /** Reads into the buffer; returns the number of bytes. */
  read(into: Buffer, from: number): Promise<number> {
    return this.using(async () => (await readOf(this.descriptor, into, 0, into.length, from)).bytesRead);
  }

  /** False once it has been written to: what was read may no longer be true. */
  isUnchanged(): Promise<boolean> {
    return this.using(async () => {
      const stat = await statOf(this.descriptor, { bigint: true });
      return identityOf(stat, this.isOverlay) === this.identity;
    });
  }

  /** Never rejects. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.closeUnused();
  }

  private async closeUnused(): Promise<void> {
    if (this.isClosed && this.uses === 0) await this.letGo().catch(() => undefined);
  }
}

/**
 * Undefined if it is not a regular file, or not the `expected` one. Rejects when nothing can be
 * opened there. May block for as long as the server of the file system likes.
 */
export async function openRegular(path: string, expected: Inode): Promise<OpenedFile | undefined> {
  const place = await open(path, PLACE_ONLY);
  try {
    const stat = await place.stat({ bigint: true });
    if (!stat.isFile()) return undefined;
    const { type } = await statfs(ownPath(place.fd));
    if (
      !isSame(stat, expected) &&
      (!path.startsWith('/proc/') || ![OVERLAY, BTRFS, BCACHEFS].includes(type))
    ) {
      return undefined;
    }
    const handle = await open(ownPath(place.fd), WITHOUT_WAITING);
    try {
      const opened = await handle.stat({ bigint: true });
      return new OpenedFile(handle.fd, opened, type === OVERLAY, () => handle.close());
    } catch (error) {
      await handle.close();
      throw error;
    }
  } finally {
    await place.close();
  }
}

/** The same for a trusted place: a folder that only root may write to. Throws as open does. */
export function openTrusted(path: string): OpenedFile | undefined {
  const descriptor = openSync(path, WITHOUT_WAITING);
  const letGo = (): Promise<void> => promisify(close)(descriptor);
  const stat = fstatSync(descriptor, { bigint: true });
  const isOverlay = statfsSync(ownPath(descriptor)).type === OVERLAY;
  const opened = new OpenedFile(descriptor, stat, isOverlay, letGo);
  if (stat.isFile()) return opened;
  void opened.close();
  return undefined;
}

const ownPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`;
export const placeOf = ({ device, inode }: Inode): string => `${device} ${inode}`;

function isSame({ dev, ino }: BigIntStats, expected: Inode): boolean {
  return ino === expected.inode && deviceOf(dev) === expected.device;
}

/** Containers of one image see a file through overlays with different devices: the device is left out for these. */
export function identityOf(stat: BigIntStats, isOverlay = false): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return [isOverlay ? 'overlay' : deviceOf(dev), ino, size, mtimeNs, ctimeNs].join(' ');
}

/** As in mountinfo: "8:1". */
export function deviceOf(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}
