/*
 * File systems on disks of this machine. In: /proc/filesystems, /proc/mounts. Out: each once, at its first mount.
 * Network file systems may not answer, and file systems in memory or on top of others have no space of their own.
 */
import { nameFromBytes } from '../../../../common/model/name';
import type { Files } from './files';

export const MOUNTS = '/proc/mounts';

interface Mount {
  /** Path for the kernel. */
  readonly path: Buffer;
  /** Path for display. */
  readonly name: string;
  readonly fstype: string;
}

/** Read-only images, always full. */
const IMAGES = new Set(['squashfs', 'iso9660', 'erofs', 'cramfs']);

export function diskMounts(files: Files): Mount[] {
  const types = new Set(
    (files.read('/proc/filesystems') ?? '')
      .split('\n')
      .filter((line) => line.startsWith('\t'))
      .map((line) => line.trim())
      .filter((type) => !IMAGES.has(type)),
  );
  const seen = new Set<string>();
  const mounts: Mount[] = [];
  for (const line of (files.bytes(MOUNTS)?.toString('latin1') ?? '').split('\n')) {
    const [device = '', path = '', fstype = ''] = line.split(' ');
    if (!types.has(fstype) || seen.has(device)) continue;
    seen.add(device);
    const bytes = unescape(path);
    mounts.push({ path: bytes, name: nameFromBytes(bytes), fstype });
  }
  return mounts;
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescape(path: string): Buffer {
  const raw = path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(raw, 'latin1');
}
