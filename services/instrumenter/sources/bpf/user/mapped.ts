/*
 * Which files a process may execute, and whether they may be opened at all. In: its /proc/<pid>/maps and mountinfo, texts
 * that the kernel generates by itself. Out: mappings; for a device without a disk the reason to skip it.
 *
 * The program that serves a FUSE file system decides when a read ends, if ever, and any user may
 * run one. Even opening such a file may block for ever, so it is not tried.
 */
import { readdirSync } from 'node:fs';
import { readStart, type BlockingIoPool, type Owner } from '../../blocking-io-pool';
import { PROCESS_MAPS_BYTES } from '../../limits';

/** How often processes are scanned for files with user-space probes. */
export const SCAN_EVERY_MS = 5000;
/** Scan this many times less often while no user-space probe is enabled. */
export const SCAN_IDLE_TURNS = 6;
/** Maximum number of processes in a scan. */
const SCAN_PROCESSES = 20_000;

export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Offset in the file. */
  readonly offset: bigint;
  /** As in the process's folder map_files. */
  readonly range: string;
  /** As in mountinfo: "8:1". Devices without a disk begin with "0:". */
  readonly device: string;
  readonly inode: bigint;
  readonly path: string;
}

/** Numbers of processes. */
export function processesIn(proc: string): string[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^[0-9]+$/.test(name))
      .slice(0, SCAN_PROCESSES);
  } catch {
    return [];
  }
}

const MAPPING =
  /^0*([0-9a-f]+)-0*([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*?)(?: \(deleted\))?$/gm;

/** The executable mappings of a process, of files whose paths are wanted. */
export function mappingsIn(maps: string, isWanted: (path: string) => boolean = () => true): Mapping[] {
  const found: Mapping[] = [];
  for (const [
    ,
    from = '',
    to = '',
    offset = '',
    major = '',
    minor = '',
    inode = '0',
    path = '',
  ] of maps.matchAll(MAPPING)) {
    if (!isWanted(path)) continue;
    found.push({
      from: BigInt(`0x${from}`),
      to: BigInt(`0x${to}`),
      offset: BigInt(`0x${offset}`),
      range: `${from}-${to}`,
      device: `${parseInt(major, 16)}:${parseInt(minor, 16)}`,
      inode: BigInt(inode),
      path,
    });
  }
  return found;
}

/**
 * Paths to a mapped file. The mapping itself leads to the file even if it was replaced since (it needs CAP_SYS_ADMIN);
 * then its path inside the process's root, for a container; then the same path here, for a process that only changed its root.
 */
export const waysTo = (proc: string, pid: string, { range, path }: Mapping): readonly string[] => [
  `${proc}/${pid}/map_files/${range}`,
  `${proc}/${pid}/root${path}`,
  path,
];

interface Mount {
  readonly device: string;
  readonly point: string;
  readonly type: string;
  /** Of the file system. */
  readonly options: string;
}

const MOUNT = /^\d+ \d+ (\d+:\d+) \S+ (\S+) .* - (\S+) \S* (\S*)$/gm;
const SERVED = /^fuse(\.|$)/;

function mountsIn(mountinfo: string): Mount[] {
  return [...mountinfo.matchAll(MOUNT)].map(([, device = '', point = '', type = '', options = '']) => ({
    device,
    point,
    type,
    options,
  }));
}

/** Why files of a device are not opened; undefined if they may be. `mountinfo`: the process's, then our own. */
export async function obstacleOf(
  device: string,
  mountinfo: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  if (!device.startsWith('0:')) return undefined;
  for (const text of await mountinfo()) {
    const mounts = mountsIn(text);
    const mount = mounts.find((known) => known.device === device);
    if (mount === undefined) continue;
    if (SERVED.test(mount.type)) return servedBy(mount.type);
    const below = mount.type === 'overlay' ? servedLayer(mount, mounts) : undefined;
    return below === undefined ? undefined : `${servedBy(below.type)}, below an overlay`;
  }
  return 'its file system is mounted nowhere that we can see';
}

const servedBy = (type: string): string => `a program serves its file system (${type}), and may never answer`;

/**
 * A FUSE file system among the layers of an overlay, as far as its options say. They may not: a layer
 * may have been moved since.
 */
function servedLayer({ options }: Mount, mounts: readonly Mount[]): Mount | undefined {
  const layers = [...options.matchAll(/(?:^|,)(?:lowerdir\+?|upperdir|datadir\+)=([^,]*)/g)].flatMap(
    ([, folders = '']) => folders.split(/(?<!\\):/),
  );
  const served = mounts.filter(({ type }) => SERVED.test(type));
  for (const layer of served.length === 0 ? [] : layers) {
    // Relative paths start at the working folder of the mounting process at that time.
    if (!layer.startsWith('/')) return served[0];
    const above = mounts.filter(({ point }) => `${layer}/`.startsWith(point === '/' ? '/' : `${point}/`));
    const deepest = above.sort((a, b) => a.point.length - b.point.length).at(-1);
    if (deepest !== undefined && SERVED.test(deepest.type)) return deepest;
  }
  return undefined;
}

/** The mounts of the process, and our own. */
export async function mountinfoOf(
  pool: BlockingIoPool,
  proc: string,
  pid: string,
  ownerOf?: () => Owner,
): Promise<readonly string[]> {
  const texts = [pid, 'self'].map((who) =>
    readStart(pool, `${proc}/${who}/mountinfo`, PROCESS_MAPS_BYTES, ownerOf).catch(() => Buffer.alloc(0)),
  );
  return (await Promise.all(texts)).map((bytes) => bytes.toString('latin1'));
}
