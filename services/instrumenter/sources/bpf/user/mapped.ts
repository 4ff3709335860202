/*
 * Which files a process may run, and whether they may be touched at all. In: its /proc/<pid>/maps and mountinfo, texts
 * that the kernel makes without asking anybody. Out: mappings; for a device of no disk the reason to leave it alone.
 *
 * Whoever serves a file system with a program of his own (FUSE) decides when a read of it ends, if ever, and anybody may
 * do so. Opening such a file is enough to hang, so it is not tried.
 */
import { readdirSync } from 'node:fs';
import { readStart, type BlockingIoPool, type Owner } from '../../blocking-io-pool';
import { PROCESS_MAPS_BYTES } from '../../limits';

/** How often processes are scanned for files with user-space probes. */
export const SCAN_EVERY_MS = 5000;
/** Scan this many times less often while no user-space probe is enabled. */
export const SCAN_IDLE_TURNS = 6;
/** Processes that a scan looks at. */
const SCAN_PROCESSES = 20_000;

export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Place in the file. */
  readonly offset: bigint;
  /** As in the process's folder map_files. */
  readonly range: string;
  /** As in mountinfo: "8:1". Those of no disk begin with "0:". */
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

/** The parts of a process that can be run, of files whose paths are wanted. */
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
 * Ways to a mapped file. Through the mapping itself also one is reached that was replaced since (it needs CAP_SYS_ADMIN);
 * by its path where the process lives, in a container; and by that path here, for one that has only changed its root.
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

/** Why files of a device are not touched; undefined when they may be. `mountinfo`: the process's, then our own. */
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
 * Of the file systems that an overlay lies above, one that is served, as far as its options tell. They need not: what
 * is below may have been moved away since.
 */
function servedLayer({ options }: Mount, mounts: readonly Mount[]): Mount | undefined {
  const layers = [...options.matchAll(/(?:^|,)(?:lowerdir\+?|upperdir|datadir\+)=([^,]*)/g)].flatMap(
    ([, folders = '']) => folders.split(/(?<!\\):/),
  );
  const served = mounts.filter(({ type }) => SERVED.test(type));
  for (const layer of served.length === 0 ? [] : layers) {
    // Relative ones begin where whoever mounted it was at the time.
    if (!layer.startsWith('/')) return served[0];
    const above = mounts.filter(({ point }) => `${layer}/`.startsWith(point === '/' ? '/' : `${point}/`));
    const deepest = above.sort((a, b) => a.point.length - b.point.length).at(-1);
    if (deepest !== undefined && SERVED.test(deepest.type)) return deepest;
  }
  return undefined;
}

/** What the process has mounted, and what we have. */
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
