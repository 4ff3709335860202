/*
 * Which files a process may run, and whether they may be touched at all. In: its /proc/<pid>/maps and mountinfo, texts
 * that the kernel makes without asking anybody. Out: mappings; for a device of no disk the reason to leave it alone.
 *
 * Whoever serves a file system with a program of his own (FUSE) decides when a read of it ends, if ever, and anybody may
 * do so. Opening such a file is enough to hang, so it is not tried.
 */
import { LIMITS } from '../../../../../common/service/limits';
import { readStart, type Patience } from '../../blocking-io-pool';

export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Place in the file. */
  readonly offset: bigint;
  /** As in the process's folder map_files. */
  readonly range: string;
  /** As in mountinfo: "8:1". Those of no disk begin with "0:". */
  readonly device: string;
  readonly path: string;
}

const MAPPING =
  /^0*([0-9a-f]+)-0*([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) \d+ *(.*?)(?: \(deleted\))?$/gm;

/** The parts of a process that can be run. */
export function mappingsIn(maps: string): Mapping[] {
  return [...maps.matchAll(MAPPING)].map(
    ([, from = '', to = '', offset = '', major = '', minor = '', path = '']) => ({
      from: BigInt(`0x${from}`),
      to: BigInt(`0x${to}`),
      offset: BigInt(`0x${offset}`),
      range: `${from}-${to}`,
      device: `${parseInt(major, 16)}:${parseInt(minor, 16)}`,
      path,
    }),
  );
}

const MOUNT = /^\d+ \d+ (\d+:\d+) .* - (\S+) /gm;
const SERVED = /^fuse(\.|$)/;

/** Why files of a device are not touched; undefined when they may be. `mountinfo`: the process's, then our own. */
export async function obstacleOf(
  device: string,
  mountinfo: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  if (!device.startsWith('0:')) return undefined;
  for (const text of await mountinfo()) {
    for (const [, known, type = ''] of text.matchAll(MOUNT)) {
      if (known !== device) continue;
      return SERVED.test(type)
        ? `a program serves its file system (${type}), and may never answer`
        : undefined;
    }
  }
  return 'its file system is mounted nowhere that we can see';
}

/** What the process has mounted, and what we have. */
export async function mountinfoOf(patience: Patience, proc: string, pid: string): Promise<readonly string[]> {
  const texts = [pid, 'self'].map((who) =>
    readStart(patience, `${proc}/${who}/mountinfo`, LIMITS.processMapsBytes).catch(() => Buffer.alloc(0)),
  );
  return (await Promise.all(texts)).map((bytes) => bytes.toString('latin1'));
}
