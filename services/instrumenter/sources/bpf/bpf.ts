/*
 * The bpf source: every metric that has a `bpf` part, counted inside the running Linux kernel.
 * In: an instrumentation. Out: a probe; or an EnableError with the kernel's own words. Nothing is installed or run
 * for it: machine code is made here (compile.ts) and handed over (kernel.ts).
 */
import { gridOf } from '../../../../common/model/field';
import type { Instrumentation } from '../../../../common/model/instrumentation';
import { metricName, type MetricName } from '../../../../common/model/metric';
import { ALWAYS } from '../../../../common/model/predicate/predicate';
import type { MetricDescription } from '../../metrics/language/description';
import { FIELDS } from '../../metrics/language/fields';
import type { Names, Observation } from '../../metrics/language/observation';
import { FILE_READS, PROCESS_READS } from '../blocking-io-pool';
import { EnableError, type Offer, type Source } from '../source';
import { compileForFiles, watchAll, type ForAll } from './each-file';
import {
  asksFor,
  hooks,
  isDescribed,
  isLookedUp,
  isNumeric,
  programsOf,
  questionOf,
} from './compiler/compile-request';
import type { Btf } from './kernel/btf';
import { MissingError } from './kernel/kernel-types';
import { compile, type Compiled } from './compiler/compile';
import { KernelError, type Kernel } from './kernel/kernel';
import { NewCgroups } from './zones/new-cgroups';
import type { Functions } from './kernel/functions';
import { findHooking } from './kernel/hooking';
import { Drain } from './kernel/maps';
import type { Machine } from './compiler/plan';
import { BpfProbe, reasonsIn } from './kernel/probe';
import type { Architecture } from './compiler/architecture';
import { hasTypedTask } from './kernel/typed-task';
import { UserAttaching, type UserWay } from './kernel/user-attaching';
import type { UserFiles } from './user/user-files';
import type { Zones } from './zones/zones';
import { OTHER_NUMBERS } from './compiler/field';
import { firstOf } from './compiler/resolve';
import { enableError, obstacleIn } from './obstacle';
import { SCAN_EVERY_MS, SCAN_IDLE_TURNS } from './user/mapped';

interface BpfOptions {
  readonly hostname: string;
  readonly architecture: Architecture;
  readonly kernel: Kernel;
  readonly types: Btf;
  /** CPUs the kernel has room for. */
  readonly cpus: number;
  readonly metrics: readonly MetricDescription[];
  /** Names of containers and services; absent where they cannot be told apart. */
  readonly zones?: Zones;
  /** Arguments of processes. */
  readonly commands?: Names;
  /** Functions by process and address; prepare() before the first is asked for. */
  readonly functions?: Functions;
  /** How programs come to run in user programs, best first; absent: as the kernel allows. */
  readonly userWays?: readonly UserWay[];
  /** Files with moments of user programs; absent where they are not looked for. */
  readonly files?: UserFiles;
}

export class BpfSource implements Source {
  readonly name = 'bpf';
  private readonly options: BpfOptions;
  private machine: Machine;
  private readonly drain: Drain;
  private readonly attaching: UserAttaching;
  private readonly observations = new Map<MetricName, Observation>();
  private offered: readonly Offer[];
  private readonly probes = new Map<BpfProbe, Instrumentation>();
  private readonly looking: NodeJS.Timeout | undefined;
  private looks = 0;
  private tell: (() => void) | undefined;
  private newCgroups: NewCgroups | undefined;
  private statistics: number | undefined;

  /** Checks the whole catalogue against the running kernel; never throws for what is missing there. */
  constructor(options: BpfOptions) {
    this.options = options;
    const { kernel, types, metrics } = options;
    const obstacle = obstacleIn(kernel, types);
    const isHooked = obstacle === undefined && metrics.some(({ bpf }) => bpf !== undefined && hooks(bpf));
    this.machine = {
      ...options,
      ...(isHooked ? { hooking: findHooking(kernel, types) } : {}),
      typedTask: obstacle === undefined && hasTypedTask(kernel, types),
    };
    this.attaching = new UserAttaching(kernel, options.userWays);
    this.drain = new Drain(options.kernel, options.cpus);
    this.offered = this.checkCatalogue(obstacle);
    this.newCgroups = this.openNewCgroups();
    options.types.forget();
    if (options.files !== undefined) {
      this.looking = setInterval(() => void this.lookSometimes(), SCAN_EVERY_MS).unref();
    }
  }

  offers(): readonly Offer[] {
    return this.offered;
  }

  onChange(tell: () => void): void {
    this.tell = tell;
  }

  async enable(instrumentation: Instrumentation): Promise<BpfProbe> {
    try {
      return await this.enableAsCompiled(instrumentation);
    } catch (error) {
      const isRefused = error instanceof EnableError && error.log !== '';
      if (!isRefused || this.machine.typedTask !== true) throw error;
      // A verifier that does not follow what the one that we know does: once more, with calls.
      this.machine = { ...this.machine, typedTask: false };
      return this.enableAsCompiled(instrumentation);
    }
  }

  private async enableAsCompiled(instrumentation: Instrumentation): Promise<BpfProbe> {
    const all = this.compileAll(instrumentation);
    const [first] = all.each;
    if (first === undefined) throw this.nothingFor(instrumentation, all);
    const { kernel, zones } = this.options;
    const probe = new BpfProbe(kernel, this.drain, first.compiled, zones, {
      attaching: this.attaching,
      unseen: () => this.unseenBy(instrumentation),
      onClose: (closed) => this.probes.delete(closed),
    });
    try {
      if (asksFor(instrumentation, 'zonename')) await this.newCgroups?.open();
      if (asksFor(instrumentation, 'function')) await this.options.functions?.prepare();
      await probe.open();
      probe.lacks(all.lacking);
      await watchAll(probe, all.each);
    } catch (error) {
      probe.close();
      throw enableError(error);
    }
    this.probes.set(probe, instrumentation);
    return probe;
  }

  /** The programs of a question, not loaded; of user programs, those for one file. Throws an EnableError. */
  compile(instrumentation: Instrumentation): Compiled {
    const all = this.compileAll(instrumentation);
    const [first] = all.each;
    if (first === undefined) throw this.nothingFor(instrumentation, all);
    return first.compiled;
  }

  /** Looks for user programs that have come or gone, and has all probes follow. Never rejects. */
  async look(): Promise<void> {
    const { files } = this.options;
    if (files === undefined || !(await files.scan())) return;
    const before = JSON.stringify(this.offered);
    this.offered = this.offered.map((offer) => this.offerAgain(offer));
    if (JSON.stringify(this.offered) !== before) this.tell?.();
    for (const [probe, instrumentation] of [...this.probes]) {
      const { each, lacking } = this.compileAll(instrumentation);
      if (each.some(({ file }) => file === undefined)) continue;
      probe.lacks(lacking);
      const wanted = new Set(each.map(({ file }) => file?.id));
      const gone = probe.watched().filter((id) => !wanted.has(id));
      await Promise.all(gone.map((id) => probe.unwatch(id)));
      const watched = new Set(probe.watched());
      const fresh = each.filter(({ file }) => file !== undefined && !watched.has(file.id));
      // What cannot be watched is tried again the next time.
      if (this.probes.has(probe)) await watchAll(probe, fresh).catch(() => undefined);
    }
  }

  /** While nothing of user programs is asked for, only what can be offered is at stake. */
  private async lookSometimes(): Promise<void> {
    const isAsked = [...this.probes.keys()].some((probe) => probe.watched().length > 0);
    if (this.looks++ % SCAN_IDLE_TURNS === 0 || isAsked) await this.look();
  }

  private offerAgain(offer: Offer): Offer {
    const metric = this.options.metrics.find((m) => metricName(m) === offer.metric);
    return metric?.bpf === undefined || programsOf(metric.bpf) === undefined ? offer : this.offer(metric);
  }

  /** What of a question nobody sees at present, whoever is to blame: a sentence each. */
  private unseenBy(instrumentation: Instrumentation): readonly string[] {
    const { files, zones } = this.options;
    const observation = this.observations.get(metricName(instrumentation));
    const isLookedUpAny = Object.keys(instrumentation.fields).some((field) => isLookedUp(observation, field));
    return [
      observation !== undefined && programsOf(observation) !== undefined ? files?.shortfalls() : [],
      asksFor(instrumentation, 'zonename') ? zones?.shortfall() : [],
      isLookedUpAny ? [PROCESS_READS.shortfall(), FILE_READS.shortfall()] : [],
    ]
      .flat()
      .filter((reason) => reason !== undefined);
  }

  /** For each file that has the moments; for user programs there may be none. Throws an EnableError. */
  private compileAll(instrumentation: Instrumentation): ForAll {
    const observation = this.observations.get(metricName(instrumentation));
    if (observation === undefined) {
      throw new EnableError(this.whyNot(metricName(instrumentation)));
    }
    try {
      return compileForFiles(observation, questionOf(instrumentation), this.machine, this.options.files);
    } catch (error) {
      throw enableError(error);
    }
  }

  private nothingFor(instrumentation: Instrumentation, { lacking }: ForAll): EnableError {
    return new EnableError(
      lacking.size === 0 ? this.whyNot(metricName(instrumentation)) : reasonsIn([...lacking.values()]),
    );
  }

  /**
   * Has the kernel count what all BPF programs cost, from now on or no more (Probe.cost). Counting itself costs two
   * readings of the clock per event, so it is for a second now and then. False where it is refused: it needs
   * CAP_SYS_ADMIN, unlike all the rest.
   */
  countCost(on: boolean): boolean {
    const { kernel } = this.options;
    try {
      if (on) this.statistics ??= kernel.enableStatistics();
      else if (this.statistics !== undefined) kernel.close(this.statistics);
      if (!on) this.statistics = undefined;
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  settle(): Promise<void> {
    this.options.zones?.hear();
    return this.probes.size === 0 ? Promise.resolve() : this.options.kernel.gracePeriod();
  }

  close(): void {
    clearInterval(this.looking);
    for (const probe of [...this.probes.keys()]) probe.close();
    this.countCost(false);
    this.newCgroups?.close();
    this.options.files?.close();
    this.options.kernel.release();
  }

  /** Undefined where new cgroups are found by looking only. */
  private openNewCgroups(): NewCgroups | undefined {
    const { kernel, zones } = this.options;
    if (zones === undefined) return undefined;
    try {
      const newCgroups = new NewCgroups(kernel, this.machine);
      zones.newCgroups = () => newCgroups.take();
      return newCgroups;
    } catch (error) {
      if (error instanceof MissingError) return undefined;
      throw error;
    }
  }

  private whyNot(metric: MetricName): string {
    const offer = this.offered.find((one) => one.metric === metric);
    return offer !== undefined && 'unavailable' in offer
      ? offer.unavailable
      : `BPF has no description of ${metric}`;
  }

  private checkCatalogue(obstacle: string | undefined): Offer[] {
    const described = this.options.metrics.filter((m) => m.bpf !== undefined);
    if (obstacle === undefined) return described.map((metric) => this.offer(metric));
    return described.map((metric) => ({ metric: metricName(metric), unavailable: obstacle }));
  }

  private offer(metric: MetricDescription): Offer {
    try {
      const fields = this.fieldsOf(metric);
      const unfiltered = fields.filter((field) => isLookedUp(metric.bpf, field));
      const blind = metric.fields.filter((f) => !fields.includes(f) && isLookedUp(metric.bpf, f));
      return {
        metric: metricName(metric),
        fields,
        ...(unfiltered.length === 0 ? {} : { unfiltered }),
        ...(blind.length === 0 || this.options.commands !== undefined
          ? {}
          : { lacking: Object.fromEntries(blind.map((field) => [field, OTHER_NUMBERS])) }),
      };
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      return { metric: metricName(metric), unavailable: error.message };
    }
  }

  /** The fields that this kernel can tell. Throws a MissingError when not even counting is possible. */
  private fieldsOf(metric: MetricDescription): readonly string[] {
    const observation = metric.bpf;
    if (observation === undefined) throw new MissingError('it has no description for BPF');
    const programs = programsOf(observation);
    if (programs === undefined) {
      return observation.rather === undefined
        ? this.fieldsOn(this.machine, metric, observation)
        : firstOf([observation.rather, observation], (one) => this.fieldsOn(this.machine, metric, one));
    }
    this.attaching.way();
    const files = this.options.files?.of(programs) ?? [];
    if (files.length === 0) {
      const fix = programs.fix === undefined ? '' : `; fix: ${programs.fix}`;
      throw new MissingError(`no ${programs.title} is installed or running here${fix}`);
    }
    const reasons: string[] = [];
    for (const file of files) {
      try {
        return this.fieldsOn({ ...this.machine, file }, metric, observation);
      } catch (error) {
        if (!(error instanceof MissingError)) throw error;
        reasons.push(error.message);
      }
    }
    throw new MissingError(reasonsIn(reasons));
  }

  private fieldsOn(machine: Machine, metric: MetricDescription, observation: Observation): readonly string[] {
    compile(observation, { predicate: ALWAYS, isNumeric }, machine);
    this.observations.set(metricName(metric), observation);
    return metric.fields.filter((field) => {
      if (!isDescribed(observation, field)) return false;
      try {
        const breakdown = isNumeric(field)
          ? { numeric: { field, grid: gridOf(FIELDS[field].type) } }
          : { discrete: field };
        compile(observation, { predicate: ALWAYS, isNumeric, ...breakdown }, machine);
        return true;
      } catch (error) {
        if (error instanceof MissingError) return false;
        throw error;
      }
    });
  }
}
