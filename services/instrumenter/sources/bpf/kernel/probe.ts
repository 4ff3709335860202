/*
 * One question in the kernel: its maps and its attached programs. In: the output of compile.ts. Out: a Probe - flip the
 * phase, read the closed one, close. Everything it holds is a file descriptor: a killed process leaves nothing behind.
 * Next: maps.ts, which reads the closed phase.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../../../common/service/errors';
import { FILE_READS } from '../../blocking-io-pool';
import type { Cost, Probe, Reading } from '../../source';
import { encode } from '../compiler/instructions/assembler';
import { closeLater } from './close-later';
import { listPrograms, type Compiled, type CompiledProgram } from '../compiler/compile';
import { kprobeType } from './hooking';
import type { Kernel } from './kernel';
import { infoOf, loadFor } from './loaded-program';
import type { Drain } from './maps';
import { CONTROL, LOST, MAPS, phaseWord } from '../compiler/maps';
import type { Site } from '../compiler/site';
import type { UserFile } from '../user/known-file';
import type { UserAttaching } from './user-attaching';
import { goThroughThreads, linkThreads } from './threads';
import { ZoneCases } from '../zones/zone-cases';
import type { Zones } from '../zones/zones';

/** Programs of one instrumentation: files with the same layout of arguments share one. */
const USER_PROGRAMS = 256;
/** Of these, for one file that a user other than root runs. */
const USER_PROGRAMS_PER_FILE = 4;
/** Attaching at one place of one file. */
const USER_ATTACH_MS = 5000;

const ONLY_KEY = Buffer.alloc(4);
const NS_PER_SECOND = 1_000_000_000n;

/** Maximum number of reasons listed, each once. */
export function reasonsIn(reasons: readonly string[]): string {
  const different = [...new Set(reasons)];
  const more = different.length > REASONS ? `; and ${different.length - REASONS} more` : '';
  return different.slice(0, REASONS).join('; ') + more;
}

const REASONS = 3;

/** What a probe has of its source. */
interface Around {
  readonly attaching: UserAttaching;
  /** The part of the question that is not observed at present. */
  readonly unseen: () => readonly string[];
  readonly onClose: (probe: BpfProbe) => void;
}

export class BpfProbe implements Probe {
  private readonly kernel: Kernel;
  private readonly drain: Drain;
  private readonly compiled: Compiled;
  private readonly zones: Zones | undefined;
  private verdicts: ZoneCases | undefined;
  private readonly attaching: UserAttaching;
  private readonly unseen: () => readonly string[];
  private readonly onClose: (probe: BpfProbe) => void;
  private readonly maps = new Map<string, number>();
  private readonly programs: number[] = [];
  /** Those of them that run in user programs, by their code. */
  private readonly userPrograms = new Map<string, number>();
  /** Attachments by file. */
  private readonly files = new Map<string, number[]>();
  /** Reasons of files that are not probed, by id: what their programs lack, or what the kernel refused. */
  private lacking: ReadonlyMap<string, string> = new Map();
  private readonly refused = new Map<string, string>();
  private readonly links: number[] = [];
  /** Attachments to kernel functions, which the kernel is slow to detach. */
  private readonly slowLinks: number[] = [];
  /** Of those in `links`: the iterators to run when a second is closed. */
  private readonly iterators: number[] = [];
  private readonly control = Buffer.alloc(CONTROL.bytes);
  private phase = 0;
  /** By the offset of the counter. */
  private readonly lostSoFar = new Map<number, number>();
  private missesSoFar = 0;
  private bytes: number | undefined;

  constructor(
    kernel: Kernel,
    drain: Drain,
    compiled: Compiled,
    zones: Zones | undefined,
    { attaching, unseen, onClose }: Around,
  ) {
    this.kernel = kernel;
    this.drain = drain;
    this.compiled = compiled;
    this.zones = zones;
    this.attaching = attaching;
    this.unseen = unseen;
    this.onClose = onClose;
  }

  /** Creates, loads and attaches. Throws a KernelError, and leaves nothing behind when it does. */
  async open(): Promise<void> {
    try {
      for (const map of this.compiled.maps) this.maps.set(map.name, this.kernel.createMap(map));
      this.writeControl();
      this.openVerdicts();
      for (const program of this.kernelPrograms()) {
        const code = encode(program.instructions, (name) => this.map(name));
        this.programs.push(loadFor(this.kernel, program, code));
      }
      await this.attach();
    } catch (error) {
      this.closeAll();
      throw error;
    }
  }

  /**
   * Probes the places in one more file. Rejects with a KernelError, or a TypeError when
   * its programs count in another way than those of the question's first file.
   */
  async watch(file: UserFile, compiled: Compiled): Promise<void> {
    if (JSON.stringify(compiled.maps) !== JSON.stringify(this.compiled.maps)) {
      throw new TypeError(`${file.path} cannot be counted together with others`);
    }
    const links: number[] = [];
    this.files.set(file.id, links);
    const codes = new Set<string>();
    const attached = await Promise.allSettled(
      compiled.programs.map(async ({ tracepoint, site, instructions }) => {
        if (site === undefined) return;
        const code = encode(instructions, (name) => this.map(name));
        codes.add(code.toString('latin1'));
        if (file.owner !== undefined && codes.size > USER_PROGRAMS_PER_FILE) {
          throw new RangeError(`it needs more than ${USER_PROGRAMS_PER_FILE} programs`);
        }
        const program = this.userProgram(tracepoint, code);
        links.push(await this.attachTo(file, site, program));
      }),
    );
    const failed = attached.find((result) => result.status === 'rejected');
    this.refused.delete(file.id);
    // Closed meanwhile: nothing else refers to these.
    if (this.files.get(file.id) === links && failed === undefined) return;
    this.files.delete(file.id);
    await this.drop(links);
    if (failed === undefined) return;
    this.refused.set(file.id, `${file.path}: ${messageOf(failed.reason)}`);
    throw failed.reason;
  }

  /** Files of the probed kind that have no place for it, and why not. */
  lacks(reasons: ReadonlyMap<string, string>): void {
    this.lacking = reasons;
  }

  shortfall(): string | undefined {
    const reasons = [...this.lacking.values(), ...this.refused.values()];
    const all = reasons.length + this.files.size;
    const files =
      reasons.length === 0
        ? []
        : [`${reasons.length} of ${all} files are not watched: ${reasonsIn(reasons)}`];
    const unseen = this.unseen();
    const parts = [...files, ...(unseen.length === 0 ? [] : [reasonsIn(unseen)])];
    return parts.length === 0 ? undefined : parts.join('; ');
  }

  /** Stops probing a file. */
  async unwatch(id: string): Promise<void> {
    const links = this.files.get(id);
    this.files.delete(id);
    this.refused.delete(id);
    await this.drop(links ?? []);
  }

  /** Files that are probed. */
  watched(): readonly string[] {
    return [...this.files.keys()];
  }

  flip(): void {
    // Events in flight are counted at the very end of a second.
    for (const link of this.iterators) goThroughThreads(this.kernel, link);
    this.phase = 1 - this.phase;
    this.writeControl();
  }

  until(second: number): boolean {
    if (this.iterators.length > 0) return false;
    const end = BigInt(second) * NS_PER_SECOND - this.kernel.wallOffset();
    if (end <= this.kernel.monotonic()) return false;
    this.writeControl(end);
    return true;
  }

  async read(): Promise<Reading> {
    const closed = 1 - this.phase;
    const counts = this.map(MAPS.counts[closed] ?? MAPS.counts[0]);
    const reading = this.drain.read(counts, this.compiled.key, (cgroup) => this.zones?.zoneOf(cgroup));
    // The map is empty by now; only names may still be looked up.
    const [keys, inFlight] = this.takeLost(closed);
    const missed = this.takeMisses();
    // From now on the kernel decides for the cgroups that have just become known.
    this.verdicts?.write();
    const read = await reading;
    const lost = read.lost + keys + inFlight + missed;
    const losses = { keys, inFlight, missed, zone: read.lost };
    return { value: read.value, lost, ...(lost === 0 ? {} : { losses }) };
  }

  /** Its cost so far; runs and nanoseconds increase only while the kernel's statistics are on. */
  cost(): Cost {
    const infos = this.programs.map((program) => infoOf(this.kernel, program));
    return {
      runs: infos.reduce((sum, info) => sum + info.runs, 0),
      nanoseconds: infos.reduce((sum, info) => sum + info.nanoseconds, 0),
      bytes: (this.bytes ??= this.measure()),
    };
  }

  /** The programs as text, with the source of each instruction. */
  listing(): string {
    return listPrograms(this.compiled);
  }

  /** The kernel is slow to detach from user programs and from its own functions (close-later.ts). */
  close(): void {
    this.closeAll();
    this.onClose(this);
  }

  private kernelPrograms(): readonly CompiledProgram[] {
    return this.compiled.programs.filter(({ site }) => site === undefined);
  }

  /** Many files have their arguments in the same registers: one program serves all. */
  private userProgram(name: string, code: Buffer): number {
    const key = code.toString('latin1');
    let program = this.userPrograms.get(key);
    if (program === undefined) {
      if (this.userPrograms.size >= USER_PROGRAMS) {
        throw new RangeError(`more than ${USER_PROGRAMS} programs are needed for this question`);
      }
      program = this.attaching.load(name, code);
      this.userPrograms.set(key, program);
      this.programs.push(program);
    }
    return program;
  }

  /** To the file that the site was found in, and to no other: never by the file's own path. */
  private attachTo(file: UserFile, site: Site, program: number): Promise<number> {
    return FILE_READS.wait(
      `${site.name} at ${site.offset} of ${file.path}`,
      USER_ATTACH_MS,
      () => file.using((path) => this.attaching.attach(path, file.path, site, program)),
      { tooLate: (link) => void closeLater(link), ownerOf: () => file.owner },
    );
  }

  private async drop(links: number[]): Promise<void> {
    await Promise.all(links.splice(0).map((link) => closeLater(link)));
  }

  /** All at once: the kernel may wait for a grace period in each. */
  private async attach(): Promise<void> {
    const attached = await Promise.allSettled(
      this.kernelPrograms().map(async ({ tracepoint, samples, hook }, i) => {
        const program = this.programs[i] ?? -1;
        if (samples !== undefined) this.kernel.sample(samples, program, this.links);
        else if (hook?.hooking === 'threads') {
          const link = linkThreads(this.kernel, program);
          this.iterators.push(link);
          this.links.push(link);
        } else if (hook !== undefined)
          this.slowLinks.push(await this.kernel.attachFunction(hook, kprobeType() ?? -1, program));
        else this.links.push(await this.kernel.attach(tracepoint, program));
      }),
    );
    const failed = attached.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  private openVerdicts(): void {
    const filter = this.compiled.key.zones;
    if (filter === undefined || this.zones === undefined) return;
    this.verdicts = new ZoneCases(this.kernel, this.map(MAPS.verdicts), filter, this.zones);
    this.verdicts.write();
  }

  private writeControl(end?: bigint): void {
    this.control.writeBigUInt64LE(phaseWord(this.phase, end), CONTROL.phase);
    if (this.compiled.usesWallClock) {
      this.control.writeBigInt64LE(this.kernel.wallOffset(), CONTROL.wallOffset);
    }
    this.kernel.update(this.map(MAPS.control), ONLY_KEY, this.control);
  }

  /** Lost keys, and lost calls in flight. The kernel's counters only increase, so that none is missed between reading and clearing. */
  private takeLost(phase: number): [number, number] {
    const counters = Buffer.alloc(LOST.bytes);
    this.kernel.lookup(this.map(MAPS.lost), ONLY_KEY, counters);
    const since = (at: number): number => {
      const lost = Number(counters.readBigUInt64LE(at));
      const before = this.lostSoFar.get(at) ?? 0;
      this.lostSoFar.set(at, lost);
      return lost - before;
    };
    return [since(LOST.keys(phase)), since(LOST.inFlight(phase))];
  }

  /** All of it is allocated when it is opened, entries of hash maps too. */
  private measure(): number {
    return [...this.maps.values(), ...this.programs].reduce((sum, fd) => sum + memoryOf(fd), 0);
  }

  private takeMisses(): number {
    const misses = this.programs.reduce((sum, program) => sum + infoOf(this.kernel, program).misses, 0);
    const since = misses - this.missesSoFar;
    this.missesSoFar = misses;
    return since;
  }

  private map(name: string): number {
    const descriptor = this.maps.get(name);
    if (descriptor === undefined) throw new Error(`the probe has no map ${name}`);
    return descriptor;
  }

  private closeAll(): void {
    this.iterators.length = 0;
    void this.drop(this.slowLinks);
    for (const fd of [...this.links.splice(0), ...this.programs.splice(0), ...this.maps.values()]) {
      this.kernel.close(fd);
    }
    for (const links of this.files.values()) void this.drop(links);
    this.files.clear();
    this.userPrograms.clear();
    this.maps.clear();
  }
}

/** Bytes that a map or program takes, by the kernel's own estimate. */
function memoryOf(descriptor: number): number {
  const lines = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
  return Number(/^memlock:\s*(\d+)/m.exec(lines)?.[1] ?? 0);
}
