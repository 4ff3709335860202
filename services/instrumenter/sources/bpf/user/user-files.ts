/*
 * The files with places to probe in user programs: installed ones, and running ones, in containers too.
 * In: kinds of programs; /proc. Out: for each kind its files, each once and open; and a notification when there are new ones, or
 * old ones are gone.
 *
 * Running files are found in processes' lists of mapped files, libraries included; a process is scanned twice, for
 * libraries that it loads late, and again when it executes another program. A file is opened, read and attached to by one
 * descriptor (opened-file.ts): a process may map another file in its place, or rename it, at any time.
 *
 * Any user may run any file under such a name. The cost of a user's files is accounted to him (share.ts), and so are the
 * places that they take; files left out for that are reported.
 */
import { readlinkSync } from 'node:fs';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { messageOf } from '../../../../../common/service/errors';
import type { Programs } from '../../../metrics/user';
import {
  FILE_READS,
  LateError,
  PROCESS_READS,
  readStart,
  type BlockingIoPool,
  type Owner,
} from '../../blocking-io-pool';
import { ownerOfProcess } from '../../process-owner';
import { cpuMs, Share } from '../../share';
import type { Architecture } from '../compiler/architecture';
import { readElf } from './elf-reading';
import { finding, findingInTime, TooLongError } from './finding';
import { ClosingFiles } from './closing-files';
import { idOf, Installed } from './installed';
import { FILES, whyNoRoom } from './file-room';
import { baseName, KnownFile, lacking, type UserFile, type Wanted } from './known-file';
import { mappingsIn, mountinfoOf, obstacleOf, processesIn, waysTo, type Mapping } from './mapped';
import { openRegular, placeOf, type OpenedFile } from './opened-file';
import { HELD_UP, isPassing, OTHER, untouched } from './untouched';
import { ELF_FILE_MS, PROCESS_MAPS_BYTES, PROC_FILE_MS, USER_SHARE_OF_CPU } from '../../limits';

/** Processes that a scan reads before other work gets its turn. */
const SCAN_SLICE = 32;

interface Process {
  readonly program: string;
  readonly looks: number;
  readonly files: readonly KnownFile[];
  /** A file of this user blocked, or was left out: it is scanned once more. */
  readonly again: { readonly owner: Owner; readonly reasons: readonly string[] } | undefined;
}

/** The findings of one scan. */
interface Scan {
  readonly byId: Map<string, KnownFile>;
  readonly byPlace: Map<string, KnownFile>;
}

const LOOKS = 2;
/** Approximate cost of reading a process, most of which is waiting. */
const LOOK_MS = 0.5;
/** A list that takes longer than this to read has thousands of mappings. */
const COSTLY_LOOK_MS = 2;

export class UserFiles {
  private readonly kinds: readonly Wanted[];
  private readonly architecture: Architecture;
  private readonly proc: string;
  private readonly files: BlockingIoPool;
  private readonly share = new Share(USER_SHARE_OF_CPU);
  private processes: ReadonlyMap<string, Process> = new Map();
  private readonly installed: Installed;
  private known: ReadonlyMap<string, KnownFile> = new Map();
  private unseen: readonly string[] = [];
  private readonly closing: ClosingFiles;
  private scanning: Promise<void> | undefined;

  /** Finds installed files before it returns; scan() finds running ones. */
  constructor(
    kinds: readonly Wanted[],
    architecture: Architecture,
    proc = '/proc',
    files: BlockingIoPool = FILE_READS,
  ) {
    this.kinds = kinds;
    this.architecture = architecture;
    this.proc = proc;
    this.files = files;
    this.closing = new ClosingFiles(files);
    this.installed = new Installed(kinds, architecture);
    this.remember(new Map(), [], new Map());
  }

  /** Files of a kind: installed ones first, those of users last. */
  of(programs: Programs): readonly UserFile[] {
    const all = [...this.known.values()].filter((file) => file.programs === programs);
    const below = new Set(
      all.flatMap(({ opened }) => (opened?.isOverlay === false ? [opened.contents] : [])),
    );
    const each = all.filter(({ opened }) => opened?.isOverlay !== true || !below.has(opened.contents));
    const trusted = each.filter(({ owner }) => owner === undefined);
    const others = each.filter(({ owner }) => owner !== undefined);
    return [...trusted, ...others].slice(0, FILES);
  }

  /** What may run without being probed, and why: a sentence each. */
  shortfalls(): readonly string[] {
    return this.unseen;
  }

  /** Scans installed files and all processes, a slice at a time. True when files or shortfalls have changed. */
  async scan(): Promise<boolean> {
    const before = this.signature();
    this.scanning ??= this.scanSlices().finally(() => (this.scanning = undefined));
    await this.scanning;
    return this.signature() !== before;
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.known.values()) this.closing.add(file);
    this.known = new Map();
    this.closing.close();
  }

  private signature(): string {
    return JSON.stringify([[...this.known.keys()], this.unseen]);
  }

  private async scanSlices(): Promise<void> {
    const current = await this.unchanged();
    const scan: Scan = { byId: new Map(), byPlace: new Map() };
    for (const file of current) enter(scan, file);
    const pids = processesIn(this.proc);
    const processes = new Map<string, Process>();
    const unseen = new Set<string>();
    for (let at = 0; at < pids.length; at += SCAN_SLICE) {
      for (const pid of pids.slice(at, at + SCAN_SLICE)) {
        const process = await this.lookAt(pid, current, scan);
        if (process !== undefined) processes.set(pid, process);
        for (const reason of process?.again?.reasons ?? []) unseen.add(reason);
      }
      await turnOfOthers();
    }
    this.remember(processes, [...unseen].sort(), scan.byId);
  }

  /** Files that have not been written to; the findings of the others are no longer valid. */
  private async unchanged(): Promise<ReadonlySet<KnownFile>> {
    const all = await Promise.all(
      [...this.known.values()].map(async (file) => {
        const { opened, id, owner } = file;
        if (opened === undefined) return [];
        try {
          const isUnchanged = await this.files.wait(
            `the time of ${id}`,
            PROC_FILE_MS,
            () => opened.isUnchanged(),
            { ownerOf: () => owner },
          );
          return isUnchanged ? [file] : [];
        } catch (error) {
          return error instanceof LateError ? [file] : [];
        }
      }),
    );
    return new Set(all.flat());
  }

  /** Undefined for kernel threads, and for processes that have ended meanwhile. */
  private async lookAt(
    pid: string,
    current: ReadonlySet<KnownFile>,
    scan: Scan,
  ): Promise<Process | undefined> {
    const last = this.processes.get(pid);
    try {
      const program = readlinkSync(`${this.proc}/${pid}/exe`);
      const isSame =
        last?.program === program &&
        last.files.every((file) => file.opened === undefined || current.has(file));
      if (isSame && (last.again === undefined ? last.looks >= LOOKS : this.share.isSpent(last.again.owner))) {
        return last;
      }
      const spender = this.share.isIdle ? undefined : ownerOfProcess(pid, this.proc);
      if (this.share.isSpent(spender)) {
        const reasons = [`processes of ${spender} are looked at later: looking at them takes too long`];
        return {
          program,
          looks: isSame ? last.looks : 0,
          files: isSame ? last.files : [],
          again: { owner: spender, reasons },
        };
      }
      const mapped = await this.mappedBy(pid, scan);
      if (mapped.again !== undefined) this.share.spend(mapped.again.owner, LOOK_MS);
      return { program, looks: isSame ? last.looks + 1 : 1, ...mapped };
    } catch (error) {
      if (!(error instanceof LateError)) return undefined;
      const owner = ownerOfProcess(pid, this.proc);
      const reasons = [`processes of ${owner ?? 'root'} do not let themselves be looked at`];
      return {
        program: '',
        looks: 0,
        files: last?.files.filter((file) => current.has(file)) ?? [],
        again: { owner, reasons },
      };
    }
  }

  private async mappedBy(pid: string, scan: Scan): Promise<Pick<Process, 'files' | 'again'>> {
    let owner: { readonly name: Owner } | undefined;
    const ownerOf = (): Owner => (owner ??= { name: ownerOfProcess(pid, this.proc) }).name;
    const maps = await readStart(PROCESS_READS, `${this.proc}/${pid}/maps`, PROCESS_MAPS_BYTES, ownerOf);
    const found = new Map<string, KnownFile | undefined>();
    const reasons = new Set<string>();
    let mounts: Promise<readonly string[]> | undefined;
    const from = cpuMs();
    const mappings = mappingsIn(maps.toString('utf8'), (path) => this.kindOf(path) !== undefined);
    // The owner is looked up only for slow reads.
    const took = cpuMs() - from;
    if (took > COSTLY_LOOK_MS) this.share.spend(ownerOf(), took);
    for (const mapping of mappings) {
      const { path, device } = mapping;
      const wanted = this.kindOf(path);
      if (wanted === undefined || found.has(path)) continue;
      found.set(path, scan.byPlace.get(placeKey(wanted, placeOf(mapping))));
      if (found.get(path) !== undefined) continue;
      const reason = whyNoRoom(wanted, ownerOf(), scan.byId) ?? this.whyLater(ownerOf());
      if (reason !== undefined) {
        reasons.add(reason);
        continue;
      }
      const obstacle = await obstacleOf(
        device,
        () => (mounts ??= mountinfoOf(PROCESS_READS, this.proc, pid, ownerOf)),
      );
      const file =
        obstacle === undefined
          ? await this.visit(pid, mapping, wanted, ownerOf(), scan)
          : untouched(wanted, path, obstacle, ownerOf());
      found.set(path, file);
      enter(scan, file);
    }
    const files = [...found.values()].filter((file) => file !== undefined);
    const isShort = reasons.size > 0 || files.some(({ id }) => id.startsWith(HELD_UP));
    return { files, again: isShort ? { owner: ownerOf(), reasons: [...reasons] } : undefined };
  }

  private kindOf(path: string): Wanted | undefined {
    return path.startsWith('/')
      ? this.kinds.find(({ programs }) => programs.file.test(baseName(path)))
      : undefined;
  }

  private whyLater(owner: Owner): string | undefined {
    return this.share.isSpent(owner)
      ? `files of ${owner} are read later: reading them takes too long`
      : undefined;
  }

  private async visit(
    pid: string,
    mapping: Mapping,
    wanted: Wanted,
    owner: Owner,
    scan: Scan,
  ): Promise<KnownFile> {
    const { path } = mapping;
    let why: readonly [reason: string, id?: string] | undefined;
    for (const way of waysTo(this.proc, pid, mapping)) {
      try {
        const file = await this.files.wait(
          way,
          ELF_FILE_MS,
          async (isLate) => {
            const opened = await openRegular(way, mapping);
            if (opened === undefined) return undefined;
            const known = scan.byId.get(idOf(wanted, opened));
            if (known === undefined) return this.read(opened, wanted, path, owner, isLate);
            await opened.close();
            return known;
          },
          { ownerOf: () => owner, tooLate: (late) => late?.opened !== undefined && this.closing.add(late) },
        );
        if (file !== undefined) return file;
        why = OTHER;
      } catch (error) {
        why = isPassing(error) ? [messageOf(error), HELD_UP] : (why ?? [messageOf(error)]);
        if (error instanceof LateError || error instanceof TooLongError) break;
      }
    }
    const [reason, id] = why ?? OTHER;
    return untouched(wanted, path, reason, owner, id);
  }

  private async read(
    opened: OpenedFile,
    wanted: Wanted,
    path: string,
    owner: Owner,
    isLate: () => boolean,
  ): Promise<KnownFile> {
    const find =
      owner === undefined
        ? finding(wanted, path, this.architecture)
        : findingInTime(wanted, path, this.architecture, (ms) => this.share.spend(owner, ms));
    const found = await readElf(opened, find, isLate).catch(async (error: unknown) => {
      if (!(error instanceof TooLongError)) return lacking(wanted, `${path}: ${messageOf(error)}`);
      await opened.close();
      throw error;
    });
    return new KnownFile(wanted, path, found, { id: idOf(wanted, opened), opened, owner });
  }

  /** Installed files, then running ones. */
  private remember(
    processes: ReadonlyMap<string, Process>,
    unseen: readonly string[],
    byId: ReadonlyMap<string, KnownFile>,
  ): void {
    const known = new Map<string, KnownFile>();
    for (const file of [
      ...this.installed.look(byId),
      ...[...processes.values()].flatMap(({ files }) => files),
    ]) {
      if (!known.has(file.id)) known.set(file.id, file);
    }
    for (const file of [...this.known.values(), ...byId.values()]) {
      if (known.get(file.id) !== file) this.closing.add(file);
    }
    this.processes = processes;
    this.unseen = unseen;
    this.known = known;
    this.closing.close();
  }
}

const placeKey = ({ programs }: Pick<KnownFile, 'programs'>, place: string): string =>
  `${programs.title} ${place}`;

function enter({ byId, byPlace }: Scan, file: KnownFile): void {
  byId.set(file.id, file);
  if (file.opened !== undefined) byPlace.set(placeKey(file, file.opened.place), file);
}
