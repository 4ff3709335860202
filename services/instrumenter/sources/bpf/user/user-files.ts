/*
 * The files that hold moments of user programs: which are installed here, and which run, in containers too.
 * In: kinds of programs; /proc. Out: for each kind its files, each once, with a path that the kernel can open; and
 * word when there are new ones, or old ones are gone.
 *
 * A file is known by its inode's number, size and time: containers of one image see one file through many mounts, and
 * a probe in it is hit by all of them. Whoever runs one is found by its list of mapped files, which holds libraries
 * as well; a process is looked at twice, for those that it loads late, and again when it becomes another program.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { LIMITS } from '../../../../../common/service/limits';
import { messageOf } from '../../../../../common/service/errors';
import type { Programs, UserMoment } from '../../../metrics/user';
import { LateError, PATIENCE, readStart, WITHOUT_WAITING, type Patience } from '../../blocking-io-pool';
import { MissingError } from '../kernel/btf';
import { Elf, type Reader } from './elf';
import { identityOf, readElf, readElfNow } from './elf-reading';
import { mappingsIn, mountinfoOf, obstacleOf } from './mapped';
import type { Architecture } from '../compiler/architecture';
import { Spots, type Site } from '../compiler/site';

/** A kind of programs, and all that descriptions ask of its files. */
export interface Wanted {
  readonly programs: Programs;
  readonly moments: readonly UserMoment[];
  /** Variables whose addresses are asked for. */
  readonly globals: readonly string[];
}

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

/** What a file has of all moments, by their names, or what it lacks. */
type Found = ReadonlyMap<string, readonly Site[] | MissingError>;

/** A file that a process runs. */
interface Mapped {
  readonly wanted: Wanted;
  readonly id: string;
  readonly seenAs: string;
  readonly path: string;
}
interface Process {
  readonly program: string;
  readonly looks: number;
  readonly mapped: readonly Mapped[];
}

const LOOKS = 2;
const PATHS_MAX = 4;
const ENTRIES_MAX = 256;

export class UserFiles {
  private readonly kinds: readonly Wanted[];
  private readonly architecture: Architecture;
  private readonly proc: string;
  private readonly patience: Patience;
  private processes: ReadonlyMap<string, Process> = new Map();
  private readonly known = new Map<string, KnownFile>();
  private scanning: Promise<void> | undefined;

  /** Looks at what is installed before it returns; scan() finds what runs. */
  constructor(
    kinds: readonly Wanted[],
    architecture: Architecture,
    proc = '/proc',
    patience: Patience = PATIENCE,
  ) {
    this.kinds = kinds;
    this.architecture = architecture;
    this.proc = proc;
    this.patience = patience;
    this.remember(new Map(), new Map());
  }

  /** Files of a kind, installed ones first. */
  of(programs: Programs): readonly UserFile[] {
    return [...this.known.values()].filter((file) => file.programs === programs).slice(0, LIMITS.userFiles);
  }

  /** Looks at what is installed and at all processes, a slice at a time. True when there are other files than before. */
  async scan(): Promise<boolean> {
    const before = [...this.known.keys()].join();
    this.scanning ??= this.scanSlices().finally(() => (this.scanning = undefined));
    await this.scanning;
    return [...this.known.keys()].join() !== before;
  }

  private async scanSlices(): Promise<void> {
    const pids = this.pids();
    const processes = new Map<string, Process>();
    const contents = new Map<string, Found>();
    for (let at = 0; at < pids.length; at += LIMITS.scanSlice) {
      for (const pid of pids.slice(at, at + LIMITS.scanSlice)) {
        const process = await this.lookAt(pid, contents);
        if (process !== undefined) processes.set(pid, process);
      }
      await turnOfOthers();
    }
    this.remember(processes, contents);
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

  /** Undefined for threads of the kernel, and what has ended meanwhile. */
  private async lookAt(pid: string, contents: Map<string, Found>): Promise<Process | undefined> {
    try {
      const program = readlinkSync(`${this.proc}/${pid}/exe`);
      const last = this.processes.get(pid);
      if (last?.program === program && last.looks >= LOOKS) return last;
      const looks = last?.program === program ? last.looks + 1 : 1;
      return { program, looks, mapped: await this.mappedBy(pid, contents) };
    } catch {
      return undefined;
    }
  }

  private async mappedBy(pid: string, contents: Map<string, Found>): Promise<Mapped[]> {
    const maps = await readStart(this.patience, `${this.proc}/${pid}/maps`, LIMITS.processMapsBytes);
    const found = new Map<string, Mapped>();
    let mounts: Promise<readonly string[]> | undefined;
    for (const { range, path, device } of mappingsIn(maps.toString('utf8'))) {
      const wanted = this.kinds.find(({ programs }) => programs.file.test(baseName(path)));
      if (wanted === undefined || !path.startsWith('/') || found.has(path)) continue;
      const obstacle = await obstacleOf(
        device,
        () => (mounts ??= mountinfoOf(this.patience, this.proc, pid)),
      );
      if (obstacle !== undefined) {
        const id = `${device} ${path}`;
        contents.set(id, lacking(wanted, `${path}: ${obstacle}`));
        found.set(path, { wanted, id, seenAs: path, path });
        continue;
      }
      // Through the mapping itself also a file is reached that was replaced since.
      for (const way of [`${this.proc}/${pid}/map_files/${range}`, `${this.proc}/${pid}/root${path}`]) {
        const id = await this.visit(way, path, wanted, contents);
        if (id === undefined) continue;
        found.set(path, { wanted, id, seenAs: path, path: way });
        break;
      }
    }
    return [...found.values()];
  }

  /** The file's identity, its contents found out where they are not known yet. Undefined when it is no file. */
  private async visit(
    way: string,
    seenAs: string,
    wanted: Wanted,
    contents: Map<string, Found>,
  ): Promise<string | undefined> {
    try {
      return await this.patience.wait(way, LIMITS.elfFileMs, async (isLate) => {
        const file = await open(way, WITHOUT_WAITING);
        try {
          const stat = await file.stat({ bigint: true });
          if (!stat.isFile()) return undefined;
          const id = identityOf(stat);
          if (this.known.has(id) || contents.has(id)) return id;
          const found = await readElf(file, Number(stat.size), this.finding(wanted, seenAs), isLate).catch(
            (error: unknown) => lacking(wanted, `${seenAs}: ${messageOf(error)}`),
          );
          contents.set(id, found);
          return id;
        } finally {
          await file.close();
        }
      });
    } catch (error) {
      if (!(error instanceof LateError)) return undefined;
      const id = `late ${seenAs}`;
      contents.set(id, lacking(wanted, `${seenAs}: ${messageOf(error)}`));
      return id;
    }
  }

  /** What is installed, then what runs. */
  private remember(processes: ReadonlyMap<string, Process>, contents: ReadonlyMap<string, Found>): void {
    this.processes = processes;
    const found = new Map<string, { wanted: Wanted; seenAs: string; paths: string[] }>();
    const add = (wanted: Wanted, id: string, seenAs: string, path: string): void => {
      const file = found.get(id);
      if (file === undefined) found.set(id, { wanted, seenAs, paths: [path] });
      else if (file.paths.length < PATHS_MAX) file.paths.push(path);
    };
    for (const wanted of this.kinds) {
      for (const path of wanted.programs.installed.flatMap(matching)) {
        if (!wanted.programs.file.test(baseName(path))) continue;
        const id = identityOfInstalled(path);
        if (id !== undefined) add(wanted, id, path, path);
      }
    }
    for (const { mapped } of processes.values()) {
      for (const { wanted, id, seenAs, path } of mapped) add(wanted, id, seenAs, path);
    }
    for (const id of this.known.keys()) if (!found.has(id)) this.known.delete(id);
    for (const [id, { wanted, seenAs, paths }] of found) {
      const known = this.known.get(id);
      if (known !== undefined) {
        known.ways = paths;
        continue;
      }
      const spots = contents.get(id) ?? this.findInstalled(wanted, paths[0] ?? '');
      this.known.set(id, new KnownFile(id, wanted.programs, seenAs, spots, paths));
    }
  }

  /** Of the folders that only root may write to. */
  private findInstalled(wanted: Wanted, path: string): Found {
    try {
      const file = openSync(path, WITHOUT_WAITING);
      try {
        return readElfNow(file, this.finding(wanted, path));
      } finally {
        closeSync(file);
      }
    } catch (error) {
      return lacking(wanted, `${path}: ${messageOf(error)}`);
    }
  }

  private finding(wanted: Wanted, path: string): (read: Reader) => Found {
    return (read) => {
      const elf = new Elf(read);
      if (elf.architecture !== this.architecture) {
        return lacking(wanted, `${path} is for another kind of processor`);
      }
      const spots = new Spots(elf, path);
      const addresses = new Map(wanted.globals.map((name) => [name, elf.symbol(name)]));
      return new Map(
        wanted.moments.map((moment) => [
          moment.name,
          sitesOrError(() =>
            spots.sitesOf(moment).map((site) => ({ ...site, addressOf: (name) => addresses.get(name) })),
          ),
        ]),
      );
    };
  }
}

function sitesOrError(find: () => readonly Site[]): readonly Site[] | MissingError {
  try {
    return find();
  } catch (error) {
    if (error instanceof MissingError) return error;
    throw error;
  }
}

/** A file that has nothing, for one reason. */
function lacking({ moments }: Wanted, reason: string): Found {
  const error = new MissingError(reason);
  return new Map(moments.map((moment) => [moment.name, error]));
}

class KnownFile implements UserFile {
  readonly id: string;
  readonly programs: Programs;
  readonly path: string;
  ways: readonly string[];
  private readonly found: Found;

  constructor(id: string, programs: Programs, path: string, found: Found, ways: readonly string[]) {
    this.id = id;
    this.programs = programs;
    this.path = path;
    this.found = found;
    this.ways = ways;
  }

  paths(): readonly string[] {
    return this.ways;
  }

  sitesOf(moment: UserMoment): readonly Site[] {
    const sites = this.found.get(moment.name);
    if (sites === undefined) throw new TypeError(`${moment.name} was not looked for in ${this.path}`);
    if (sites instanceof MissingError) throw sites;
    return sites;
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function identityOfInstalled(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isFile() ? identityOf(stat) : undefined;
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
