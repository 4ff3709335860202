/*
 * The files that hold moments of user programs: which are installed here, and which run, in containers too.
 * In: kinds of programs; /proc. Out: for each kind its files, each once, with a path that the kernel can open; and
 * word when there are new ones, or old ones are gone.
 *
 * A file is known by its inode's number, size and time: containers of one image see one file through many mounts, and
 * a probe in it is hit by all of them. Whoever runs one is found by its list of mapped files, which holds libraries
 * as well; a process is looked at twice, for those that it loads late, and again when it becomes another program.
 */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { LIMITS } from '../../../../common/limits';
import { messageOf } from '../../../../common/errors';
import type { Programs, UserMoment } from '../../metrics/user';
import { MissingError } from './btf';
import { Elf } from './elf';
import type { Architecture } from './resolve';
import { Spots, type Site } from './site';

export interface UserFile {
  /** The same for the same file. */
  readonly id: string;
  /** For people; as seen from its container. */
  readonly path: string;
  /** Paths by which the kernel can open it, best first; those of processes end with these. */
  paths(): readonly string[];
  /** Throws a MissingError that says what the file lacks. */
  sitesOf(moment: UserMoment): readonly Site[];
}

/** A file that a process runs: kind by title, and the way to it. */
interface Mapped {
  readonly programs: Programs;
  readonly id: string;
  readonly seenAs: string;
  readonly path: string;
}
interface Process {
  readonly program: string;
  readonly looks: number;
  readonly mapped: readonly Mapped[];
}

/** Should it have become a pipe meanwhile. */
const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK;
const LOOKS = 2;
const PATHS_MAX = 4;
const ENTRIES_MAX = 256;

export class UserFiles {
  private readonly kinds: readonly Programs[];
  private readonly architecture: Architecture;
  private readonly proc: string;
  private processes: ReadonlyMap<string, Process> = new Map();
  private readonly known = new Map<string, KnownFile>();
  private scanning: Promise<void> | undefined;

  /** Looks at what is installed and at all processes before it returns. */
  constructor(kinds: readonly Programs[], architecture: Architecture, proc = '/proc') {
    this.kinds = kinds;
    this.architecture = architecture;
    this.proc = proc;
    this.remember(this.look(new Map(), this.pids()));
  }

  /** Files of a kind, installed ones first. */
  of(programs: Programs): readonly UserFile[] {
    return [...this.known.values()].filter((file) => file.programs === programs).slice(0, LIMITS.userFiles);
  }

  /** Looks again, a slice of the processes at a time. True when there are other files than before. */
  async scan(): Promise<boolean> {
    const before = [...this.known.keys()].join();
    this.scanning ??= this.scanSlices().finally(() => (this.scanning = undefined));
    await this.scanning;
    return [...this.known.keys()].join() !== before;
  }

  private async scanSlices(): Promise<void> {
    const pids = this.pids();
    const processes = new Map<string, Process>();
    for (let at = 0; at < pids.length; at += LIMITS.scanSlice) {
      this.look(processes, pids.slice(at, at + LIMITS.scanSlice));
      await turnOfOthers();
    }
    this.remember(processes);
  }

  private pids(): string[] {
    try {
      return readdirSync(this.proc)
        .filter((name) => /^[0-9]+$/.test(name))
        .slice(0, LIMITS.scanProcesses);
    } catch {
      return [];
    }
  }

  private look(processes: Map<string, Process>, pids: readonly string[]): Map<string, Process> {
    for (const pid of pids) {
      const process = this.lookAt(pid);
      if (process !== undefined) processes.set(pid, process);
    }
    return processes;
  }

  /** Undefined for threads of the kernel, and what has ended meanwhile. */
  private lookAt(pid: string): Process | undefined {
    try {
      const program = readlinkSync(`${this.proc}/${pid}/exe`);
      const last = this.processes.get(pid);
      if (last?.program !== program) return { program, looks: 1, mapped: this.mappedBy(pid) };
      return last.looks >= LOOKS ? last : { program, looks: last.looks + 1, mapped: this.mappedBy(pid) };
    } catch {
      return undefined;
    }
  }

  private mappedBy(pid: string): Mapped[] {
    const found = new Map<string, Mapped>();
    for (const { range, path } of executableMaps(readStart(`${this.proc}/${pid}/maps`))) {
      const programs = this.kinds.find((kind) => kind.file.test(baseName(path)));
      if (programs === undefined || found.has(path)) continue;
      // Through the mapping itself also a file is reached that was replaced since.
      for (const way of [`${this.proc}/${pid}/map_files/${range}`, `${this.proc}/${pid}/root${path}`]) {
        const id = identityOf(way);
        if (id === undefined) continue;
        found.set(path, { programs, id, seenAs: path, path: way });
        break;
      }
    }
    return [...found.values()];
  }

  /** What is installed, then what runs. */
  private remember(processes: ReadonlyMap<string, Process>): void {
    this.processes = processes;
    const found = new Map<string, { programs: Programs; seenAs: string; paths: string[] }>();
    const add = (programs: Programs, id: string, seenAs: string, path: string): void => {
      const file = found.get(id);
      if (file === undefined) found.set(id, { programs, seenAs, paths: [path] });
      else if (file.paths.length < PATHS_MAX) file.paths.push(path);
    };
    for (const programs of this.kinds) {
      for (const path of programs.installed.flatMap(matching)) {
        if (!programs.file.test(baseName(path))) continue;
        const id = identityOf(path);
        if (id !== undefined) add(programs, id, path, path);
      }
    }
    for (const { mapped } of processes.values()) {
      for (const { programs, id, seenAs, path } of mapped) add(programs, id, seenAs, path);
    }
    for (const id of this.known.keys()) if (!found.has(id)) this.known.delete(id);
    for (const [id, { programs, seenAs, paths }] of found) {
      const known = this.known.get(id);
      if (known === undefined) {
        this.known.set(id, new KnownFile(id, programs, seenAs, this.architecture, paths));
      } else {
        known.ways = paths;
      }
    }
  }
}

class KnownFile implements UserFile {
  readonly id: string;
  readonly programs: Programs;
  readonly path: string;
  ways: readonly string[];
  private readonly architecture: Architecture;
  private readonly sites = new Map<string, readonly Site[] | MissingError>();

  constructor(
    id: string,
    programs: Programs,
    path: string,
    architecture: Architecture,
    ways: readonly string[],
  ) {
    this.id = id;
    this.programs = programs;
    this.path = path;
    this.architecture = architecture;
    this.ways = ways;
  }

  paths(): readonly string[] {
    return this.ways;
  }

  sitesOf(moment: UserMoment): readonly Site[] {
    let sites = this.sites.get(moment.name);
    if (sites === undefined) this.sites.set(moment.name, (sites = this.find(moment)));
    if (sites instanceof MissingError) throw sites;
    return sites;
  }

  /** The file is open only while it is read. */
  private find(moment: UserMoment): readonly Site[] | MissingError {
    let lastError = new MissingError(`${this.path} is gone`);
    for (const path of this.ways) {
      let file: number;
      try {
        file = openSync(path, WITHOUT_WAITING);
      } catch {
        continue;
      }
      try {
        const elf = new Elf((offset, length) => readAt(file, offset, length));
        if (elf.architecture !== this.architecture) {
          return new MissingError(`${this.path} is for another kind of processor`);
        }
        return new Spots(elf, this.path).sitesOf(moment).map((site) => ({
          ...site,
          addressOf: remembered((global) => this.withElf(path, (again) => again.symbol(global))),
        }));
      } catch (error) {
        lastError =
          error instanceof MissingError ? error : new MissingError(`${this.path}: ${messageOf(error)}`);
      } finally {
        closeSync(file);
      }
    }
    return lastError;
  }

  private withElf<T>(path: string, read: (elf: Elf) => T): T | undefined {
    try {
      const file = openSync(path, WITHOUT_WAITING);
      try {
        return read(new Elf((offset, length) => readAt(file, offset, length)));
      } finally {
        closeSync(file);
      }
    } catch {
      return undefined;
    }
  }
}

function remembered<T>(find: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    if (!known.has(name)) known.set(name, find(name));
    return known.get(name) as T;
  };
}

function readAt(file: number, offset: number, length: number): Buffer {
  // Sizes come from the file itself: no more memory is asked for than there is file.
  const size = Number(Math.max(0, Math.min(length, statSize(file) - offset)));
  const bytes = Buffer.alloc(size);
  return bytes.subarray(0, size === 0 ? 0 : readSync(file, bytes, 0, size, offset));
}

function statSize(file: number): number {
  return statSync(`/proc/self/fd/${file}`).size;
}

/** One process is looked at at a time. */
let bytes = Buffer.alloc(64 * 1024);

/** A file of /proc, as far as the limit. */
function readStart(path: string): string {
  const file = openSync(path, WITHOUT_WAITING);
  try {
    let length = 0;
    for (;;) {
      const more = readSync(file, bytes, length, bytes.length - length, null);
      length += more;
      if (more === 0 || length === LIMITS.processMapsBytes) return bytes.toString('utf8', 0, length);
      if (length === bytes.length)
        bytes = Buffer.concat([bytes], Math.min(2 * length, LIMITS.processMapsBytes));
    }
  } finally {
    closeSync(file);
  }
}

const MAPPING = /^0*([0-9a-f]+)-0*([0-9a-f]+) ..x. [0-9a-f]+ \S+ \d+ +(\/.*?)(?: \(deleted\))?$/gm;

/** The parts of files that a process may run: range as in its folder map_files, and path. */
export function executableMaps(maps: string): { readonly range: string; readonly path: string }[] {
  return [...maps.matchAll(MAPPING)].map(([, from = '', to = '', path = '']) => ({
    range: `${from}-${to}`,
    path,
  }));
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function identityOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    if (!stat.isFile()) return undefined;
    const { ino, size, mtimeNs } = stat;
    return `${ino}:${size}:${mtimeNs}`;
  } catch {
    return undefined;
  }
}

/** Paths of a pattern that are there; `*` stands for characters other than a slash. */
export function matching(pattern: string): string[] {
  const star = pattern.indexOf('*');
  if (star === -1) return [pattern];
  const folderEnd = pattern.lastIndexOf('/', star);
  const nameEnd = pattern.indexOf('/', star);
  const folder = pattern.slice(0, folderEnd);
  const name = pattern.slice(folderEnd + 1, nameEnd === -1 ? undefined : nameEnd);
  const rest = nameEnd === -1 ? '' : pattern.slice(nameEnd);
  const [head = '', ...pieces] = name.split('*');
  const fits = new RegExp(`^${[head, ...pieces].map(quoted).join('[^/]*')}$`);
  try {
    return readdirSync(folder)
      .filter((entry) => fits.test(entry))
      .sort()
      .slice(0, ENTRIES_MAX)
      .flatMap((entry) => matching(`${folder}/${entry}${rest}`));
  } catch {
    return [];
  }
}

const quoted = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');

/** The number that perf_event_open(2) knows user probes by. Throws a MissingError where the kernel has none. */
export function userProbeType(path = '/sys/bus/event_source/devices/uprobe/type'): number {
  try {
    const type = Number(readFileSync(path, 'utf8'));
    if (Number.isSafeInteger(type) && type > 0) return type;
  } catch {
    // Said below.
  }
  throw new MissingError('the kernel cannot stop in user programs (Linux 4.17 with CONFIG_UPROBE_EVENTS)');
}
