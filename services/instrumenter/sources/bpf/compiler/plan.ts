/*
 * What a question needs of a description: which steps, which kept values, which key. In: an observation, a predicate,
 * a breakdown, a kernel. Out: steps with everything resolved, ready for program.ts, and the layout of the maps' keys.
 * Next: program.ts.
 */
import type { Grid } from '../../../../../common/model/bucket';
import type { Predicate } from '../../../../../common/model/predicate/predicate';
import { task, type Expression } from '../../../metrics/language/expression';
import {
  tracepoint,
  type Identity,
  type Observation,
  type Probe,
  type Step,
  type ZoneOf,
} from '../../../metrics/language/observation';
import type { UserMoment } from '../../../metrics/user';
import { cgroupOf, conditionOf, resolveField, type Field } from './field';
import { MissingError } from '../kernel/kernel-types';
import { foreseen } from './foreseen';
import { hookOf, threadsHook, type Hook, type Hooking } from './hook';
import { constant, TRUE, type Node } from './node';
import { numberOf, type Surroundings } from './resolve';
import { keptNames, namesIn, type By, type CountStep, type Keeping, type ReadyStep } from './ready-step';
import { simplify } from './simplify';
import type { Site } from './site';
import { zoneFilter, type ZoneFilter } from './zone-filter';

/** The machine that programs are made for. `cpus`: how many the kernel has room for. */
export type Machine = Omit<Surroundings, 'tracepoint' | 'site' | 'hook'> & {
  readonly cpus: number;
  /** The kernel knows the running task's type, and its programs may read it without a call (Linux 5.11). */
  readonly typedTask?: boolean;
  /** How programs come to run at functions of the kernel; or why they do not. Absent: nobody has looked. */
  readonly hooking?: Hooking | MissingError;
  /** The file of user programs that is meant, where an observation is of such. */
  readonly file?: { sitesOf(moment: UserMoment): readonly Site[] };
};

export interface Question {
  readonly predicate: Predicate;
  readonly discrete?: string;
  readonly numeric?: { readonly field: string; readonly grid: Grid };
  isNumeric(field: string): boolean;
}

interface ReadyProbe {
  /** Its name, also where it is none. */
  readonly tracepoint: string;
  /** Present: not a tracepoint, but so many samples a second on each CPU. */
  readonly hertz?: number;
  /** Present: not a tracepoint, but a place in a user program. */
  readonly site?: Site;
  /** Present: not a tracepoint, but a function of the kernel. */
  readonly hook?: Hook;
  readonly steps: readonly ReadyStep[];
}

export interface Plan {
  readonly probes: readonly ReadyProbe[];
  readonly keeping?: Keeping;
  /** The discrete field as the first count step has it: how keys print. */
  readonly discrete?: Field;
  readonly grid?: Grid;
  readonly zones?: ZoneFilter;
}

/** ResendBuffer where no value serves as the mark that an event is in flight. */
const MARK = '(mark)';

/** Throws a MissingError for what the kernel lacks, a TypeError for a description that contradicts itself. */
export function plan(described: Observation, question: Question, machine: Machine): Plan {
  const observation = { probes: described.probes.filter((probe) => isHere(probe, machine)) };
  const zones = zoneFilter(question.predicate, (field) => zoneField(observation, field) !== undefined);
  const counts = observation.probes.flatMap((probe) =>
    placesOf(probe, machine).flatMap((at) =>
      probe.steps.filter((step) => step.kind === 'count').map((step) => countStep(step, question, zones, at)),
    ),
  );
  const wanted = withAmended(observation, new Set(counts.flatMap(keptNames)), machine);
  const identities = observation.probes.flatMap((probe) =>
    probe.steps.filter((step) => step.kind === 'keep').map((step) => step.by),
  );
  const keeping = counts.some((count) => count.by !== undefined)
    ? keepingOf(observation, wanted, identities[0])
    : undefined;
  const probes = withCleaning(observation.probes, identities.includes('thread'))
    .flatMap((probe) =>
      placesOf(probe, machine).map((at) => ({
        tracepoint: probe.at.name,
        ...(probe.at.kind === 'sample' ? { hertz: probe.at.hertz } : {}),
        ...(at.site === undefined ? {} : { site: at.site }),
        ...(at.hook === undefined ? {} : { hook: at.hook }),
        steps: probe.steps
          .filter((step) => amendsAny(step, wanted))
          .map((step) => readyStep(step, { observation, question, zones }, at, keeping)),
      })),
    )
    .filter((probe) => probe.steps.length > 0);
  // A tracepoint without arguments in use must exist all the same.
  for (const { tracepoint, hertz, site, hook } of probes) {
    if (hertz === undefined && site === undefined && hook === undefined)
      machine.types.argumentsOf(tracepoint);
  }
  const discrete = counts[0]?.discrete;
  return {
    probes,
    ...(keeping === undefined ? {} : { keeping }),
    ...(discrete === undefined ? {} : { discrete }),
    ...(question.numeric === undefined ? {} : { grid: question.numeric.grid }),
    ...(zones === undefined ? {} : { zones }),
  };
}

/** False for a probe of another processor, or of a function that may be missing, and is. */
function isHere({ at, on, optional }: Probe, { architecture, types }: Machine): boolean {
  if (on !== undefined && on !== architecture) return false;
  return optional !== true || at.kind !== 'function' || hasFunction(types, at.function);
}

function hasFunction(types: Machine['types'], name: string): boolean {
  try {
    types.functionOf(name);
    return true;
  } catch (error) {
    if (error instanceof MissingError) return false;
    throw error;
  }
}

/** Where the moment is: once in a kernel, any number of times in a program. */
function placesOf(probe: Probe, machine: Machine): readonly Surroundings[] {
  const { at } = probe;
  if (at.kind === 'function') {
    return [{ ...machine, tracepoint: at.name, hook: hookOf(at, machine.types, machine.hooking) }];
  }
  if (at.kind === 'threads') {
    return [{ ...machine, tracepoint: at.name, hook: threadsHook(machine.types) }];
  }
  if (at.kind !== 'user') return [{ ...machine, tracepoint: at.name }];
  if (machine.file === undefined) throw new TypeError(`no file is given to find ${at.name} in`);
  return machine.file.sitesOf(at).map((site) => ({ ...machine, tracepoint: at.name, site }));
}

function countStep(
  step: Step & { kind: 'count' },
  question: Question,
  zones: ZoneFilter | undefined,
  at: Surroundings,
  keeping?: Keeping,
): CountStep {
  const fieldOf = (name: string): Field => {
    const expression = Object.hasOwn(step.fields, name) ? step.fields[name] : undefined;
    if (expression === undefined) throw new TypeError(`the description has no field ${name}`);
    return resolveField(expression, at);
  };
  const numeric = question.numeric === undefined ? undefined : fieldOf(question.numeric.field);
  if (numeric !== undefined && numeric.kind !== 'number') {
    throw new TypeError(`numeric field ${question.numeric?.field} is described as text`);
  }
  const condition = (p: Predicate): Node => conditionOf(p, (field) => question.isNumeric(field), fieldOf);
  const provided = whenOf(step.provided, at);
  const ready: CountStep = {
    kind: 'count',
    inPlace: isInPlace(step.by),
    goesOn: step.goesOn === true,
    when: whenOf(step.when, at),
    ...(zones === undefined
      ? { condition: simplify({ kind: 'all', members: [provided, condition(question.predicate)] }) }
      : {
          condition: provided,
          zoned: { cgroup: cgroupOfEvent(step, at), cases: zones.cases.map(condition) },
        }),
    ...(question.discrete === undefined ? {} : { discrete: fieldOf(question.discrete) }),
    ...(numeric === undefined ? {} : { numeric: numeric.node }),
    amount: step.amount === undefined ? constant(1n) : simplify(numberOf(step.amount, at)),
  };
  if (step.by === undefined) {
    if (keptNames(ready).length > 0) {
      throw new TypeError('a count step uses what was kept, but does not say by what');
    }
    return ready;
  }
  const unkept =
    step.unkept === undefined || keeping === undefined ? undefined : unkeptOf(step.unkept, at, keeping);
  return { ...ready, by: byOf(step.by, at), ...(unkept === undefined ? {} : { unkept }) };
}

function unkeptOf(
  { when, values }: NonNullable<(Step & { kind: 'count' })['unkept']>,
  at: Surroundings,
  { names }: Keeping,
): NonNullable<CountStep['unkept']> {
  return {
    when: whenOf(when, at),
    values: names.map((name) => ({ name, node: keptValue(values, name, at) })),
  };
}

/** A thread, or a CPU, has one event after another: its entry is used again. */
function isInPlace(by: Identity | undefined): boolean {
  return by === 'thread' || by === 'cpu';
}

/** The expression of a field that is the zone of an event. */
function zoneField(observation: Observation, field: string): ZoneOf | undefined {
  const counts = observation.probes.flatMap((p) => p.steps.filter((step) => step.kind === 'count'));
  const found = counts.map((step) => zoneIn(step, field));
  return found.includes(undefined) ? undefined : found[0];
}

function zoneIn(step: Step & { kind: 'count' }, field: string): ZoneOf | undefined {
  const of = Object.hasOwn(step.fields, field) ? step.fields[field] : undefined;
  return of !== undefined && 'kind' in of && of.kind === 'zone' ? of : undefined;
}

function cgroupOfEvent(step: Step & { kind: 'count' }, at: Surroundings): Node {
  if (at.zones === undefined) throw new MissingError('no cgroup2 file system is mounted');
  const [zone] = Object.keys(step.fields).flatMap((field) => zoneIn(step, field) ?? []);
  if (zone === undefined) throw new TypeError('the description has no zone');
  return cgroupOf(zone, at);
}

function readyStep(
  step: Step,
  asked: {
    readonly observation: Observation;
    readonly question: Question;
    readonly zones: ZoneFilter | undefined;
  },
  at: Surroundings,
  keeping: Keeping | undefined,
): ReadyStep {
  if (step.kind === 'count') return countStep(step, asked.question, asked.zones, at, keeping);
  if (step.kind === 'keep') {
    const names = keeping?.names ?? [];
    return {
      kind: 'keep',
      by: byOf(step.by, at),
      inPlace: isInPlace(step.by),
      when: whenOf(step.when, at),
      losing: foreseen(asked.observation, step, asked.question, at),
      values: names.map((name) => ({ name, node: keptValue(step.values, name, at) })),
    };
  }
  if (step.kind === 'amend') {
    const values = Object.entries(step.values).map(([name, value]) => ({
      name,
      node: simplify(numberOf(value, at)),
    }));
    return { kind: 'amend', by: simplify(numberOf(step.by, at)), when: TRUE, values };
  }
  return { kind: 'forget', by: byOf(step.by, at), inPlace: isInPlace(step.by), when: whenOf(step.when, at) };
}

/** What is wanted, and what is needed to keep that right while an event is in flight. */
function withAmended(
  observation: Observation,
  wanted: ReadonlySet<string>,
  machine: Machine,
): ReadonlySet<string> {
  const all = new Set(wanted);
  for (const probe of observation.probes) {
    const amended = probe.steps
      .flatMap((step) => (step.kind === 'amend' ? Object.entries(step.values) : []))
      .filter(([name]) => all.has(name));
    const [at] = amended.length === 0 ? [] : placesOf(probe, machine);
    if (at === undefined) continue;
    for (const one of amended.flatMap(([, value]) => namesIn(numberOf(value, at)))) all.add(one);
  }
  return all.size === wanted.size ? all : withAmended(observation, all, machine);
}

/** False for an amend step that changes nothing that is wanted. */
function amendsAny(step: Step, wanted: ReadonlySet<string>): boolean {
  return step.kind !== 'amend' || Object.keys(step.values).some((name) => wanted.has(name));
}

function keptValue(values: Readonly<Record<string, Expression>>, name: string, at: Surroundings): Node {
  if (name === MARK) return TRUE;
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new TypeError(`a keep step does not keep ${name}`);
  return simplify(numberOf(value, at));
}

function keepingOf(
  observation: Observation,
  wanted: ReadonlySet<string>,
  identity: Identity | undefined,
): Keeping {
  if (identity === undefined) throw new TypeError('nothing is kept, but something is asked for');
  const keeps = observation.probes.flatMap((p) => p.steps.filter((step) => step.kind === 'keep'));
  const times = [...wanted].filter((name) => keeps.every((step) => step.values[name]?.kind === 'now'));
  const [mark = MARK] = times.sort();
  return {
    storage: identity === 'cpu' ? 'cpu' : 'hash',
    names: [mark, ...[...wanted].filter((name) => name !== mark).sort()],
  };
}

/**
 * What a thread keeps has to go with it: threads end within a call (exit, a signal), and a full map loses events.
 * The last step of a thread is sched_process_exit.
 */
function withCleaning(probes: readonly Probe[], isByThread: boolean): readonly Probe[] {
  if (!isByThread) return probes;
  const at = tracepoint('sched_process_exit');
  const forget: Step = { kind: 'forget', by: task };
  if (!probes.some((probe) => probe.at.name === at.name)) return [...probes, { at, steps: [forget] }];
  return probes.map((p) => (p.at.name === at.name ? { ...p, steps: [...p.steps, forget] } : p));
}

function whenOf(when: Expression | undefined, at: Surroundings): Node {
  return when === undefined ? TRUE : simplify(numberOf(when, at));
}

/** A thread is known by its task's address: its number changes when it replaces its process's first thread (exec). */
function byOf(by: Identity, at: Surroundings): By {
  if (by === 'cpu') return 'cpu';
  return simplify(numberOf(by === 'thread' ? task : by, at));
}
