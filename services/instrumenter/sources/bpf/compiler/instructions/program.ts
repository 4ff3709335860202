/*
 * One probe's program: its steps, one after the other. In: steps with everything resolved. Out: instructions.
 * Next: emit.ts (the instructions of an expression), then probe.ts, which attaches all of it and reads what it counted.
 *
 * Counts go to the map of the current phase; what cannot be stored is added to the phase's lost counter.
 */
import { Assembler, FRAME, type Instruction, type Label } from './assembler';
import { CONTEXT, Emitter } from './emit';
import { Frame } from './frame';
import { emitBucket } from './grid';
import { CASES_AT, SHARD_SHIFT, type KeyLayout } from '../key';
import { ANY, MapAccess, NOW } from './map-access';
import { CONTROL, MAPS } from '../maps';
import { constant, FALSE, print, type Node } from '../node';
import { askedByAll, sharedBySteps } from '../shared-reads';
import {
  treesOf,
  type AmendStep,
  type By,
  type CountStep,
  type ForgetStep,
  type Keeping,
  type KeepStep,
  type ReadyStep,
} from '../ready-step';
import { known } from '../simplify';

export interface Layout {
  /** The kernel knows the running task's type. */
  readonly typedTask: boolean;
  readonly key: KeyLayout;
  readonly keeping?: Keeping;
}

/** Throws a RangeError when the program needs more instructions or memory than there are. */
export function compileProgram(
  steps: readonly ReadyStep[],
  layout: Layout,
  limit: number,
): readonly Instruction[] {
  return new Program(layout, limit).compile(steps);
}

class Program {
  private readonly asm: Assembler;
  private readonly frame = new Frame();
  private readonly emitter: Emitter;
  private readonly maps: MapAccess;
  private readonly layout: Layout;
  private readonly keptAt = new Map<string, number>();

  constructor(layout: Layout, limit: number) {
    this.layout = layout;
    this.asm = new Assembler(limit);
    this.emitter = new Emitter(this.asm, this.frame, {
      typedTask: layout.typedTask,
      kept: (name) => {
        const at = this.keptAt.get(name);
        if (at === undefined) throw new TypeError(`${name} is used but was not kept`);
        return at;
      },
      wallOffset: () => this.asm.mapValue(1, MAPS.control, CONTROL.wallOffset),
    });
    this.maps = new MapAccess(this.emitter);
  }

  compile(steps: readonly ReadyStep[]): readonly Instruction[] {
    const { asm, emitter } = this;
    for (const tree of steps.flatMap(treesOf)) emitter.expect(tree);
    // An event belongs to the second in which it happens, whenever the next is opened by user space.
    for (const step of steps) if (step.kind === 'count') emitter.expect(NOW);
    asm.aluRegister('=', CONTEXT, 1);
    const none = asm.label();
    for (const node of askedByAll(steps)) if (known(node) !== true) emitter.guard(node, none);
    for (const node of sharedBySteps(steps)) emitter.ahead(node);
    for (const step of steps) {
      const end = asm.label();
      emitter.scope(() => this.step(step, end));
      asm.place(end);
    }
    asm.place(none);
    asm.exit();
    return asm.instructions;
  }

  private step(step: ReadyStep, end: Label): void {
    if (known(step.when) !== true) this.emitter.guard(step.when, end);
    switch (step.kind) {
      case 'keep':
        return this.keep(step, end);
      case 'count':
        return this.count(step, end);
      case 'amend':
        return this.amend(step, end);
      case 'forget':
        return this.forget(step, end);
    }
  }

  /** Writes what an event's end will need into the map of events in flight. */
  private keep(step: KeepStep, end: Label): void {
    const { asm, emitter } = this;
    const values = this.frame.allocate(8 * step.values.length);
    for (const [i, { node }] of step.values.entries()) {
      emitter.number(node);
      asm.store(8, FRAME, values + 8 * i, 0);
    }
    const id = this.identity(step.by);
    asm.source('keep', () => {
      const isNew = asm.label();
      if (step.inPlace) {
        // Updating in place takes no lock and no memory: half the cost of a new entry.
        this.maps.find(MAPS.kept, id);
        asm.jump('==', 0, 0, isNew);
        for (let i = 0; i < step.values.length; i++) {
          asm.load(8, 1, FRAME, values + 8 * i);
          asm.store(8, 0, 8 * i, 1);
        }
        asm.goto(end);
      }
      asm.place(isNew);
      this.maps.update(MAPS.kept, id, values, ANY);
      asm.jump('==', 0, 0, end);
      if (known(step.losing) !== true) emitter.scope(() => emitter.guard(step.losing, end));
      this.maps.lose(constant(1n));
    });
  }

  /** Changes what an event in flight keeps, where there is one. */
  private amend(step: AmendStep, end: Label): void {
    const { asm, emitter } = this;
    const names = this.layout.keeping?.names ?? [];
    const id = this.identity(step.by);
    asm.source('find what is kept', () => {
      this.maps.find(MAPS.kept, id);
      asm.jump('==', 0, 0, end);
      for (const [i, name] of names.entries()) {
        const at = this.frame.allocate(8);
        this.keptAt.set(name, at);
        asm.load(8, 1, 0, 8 * i);
        asm.store(8, FRAME, at, 1);
        if (i === 0) asm.jump('==', 1, 0, end); // the mark of none
      }
    });
    const changed = step.values.map(({ name, node }) => {
      emitter.number(node);
      const at = this.frame.allocate(8);
      asm.store(8, FRAME, at, 0);
      return { at, index: names.indexOf(name) };
    });
    asm.source('amend', () => {
      this.maps.find(MAPS.kept, id);
      asm.jump('==', 0, 0, end);
      for (const { at, index } of changed) {
        asm.load(8, 1, FRAME, at);
        if (index !== -1) asm.store(8, 0, 8 * index, 1);
      }
    });
  }

  private forget({ by, inPlace }: ForgetStep, end: Label): void {
    const { asm } = this;
    const id = this.identity(by);
    if (!inPlace) return this.maps.remove(id);
    asm.source('forget', () => {
      this.maps.find(MAPS.kept, id);
      asm.jump('==', 0, 0, end);
      asm.storeNumber(8, 0, 0, 0); // the mark of none
    });
  }

  private count(step: CountStep, end: Label): void {
    const { asm, emitter } = this;
    const { key } = this.layout;
    const start = this.frame.allocate(key.bytes);
    const at = start + key.discreteAt;
    if (step.discrete?.kind === 'text') emitter.placeText(step.discrete.node, at);
    if (step.by !== undefined) this.takeOut(step.by, step, end);
    if (known(step.condition) !== true) emitter.guard(step.condition, end);
    if (step.zoned !== undefined) this.zone(step.zoned, start, end);
    const { discrete, numeric } = step;
    if (discrete?.kind === 'text') emitter.text(discrete.node);
    if (discrete?.kind === 'number') {
      emitter.number(discrete.node);
      asm.store(discrete.bytes, FRAME, at, 0);
    }
    if (discrete?.kind === 'pair') {
      for (const [i, node] of discrete.nodes.entries()) {
        emitter.number(node);
        asm.store(8, FRAME, at + 8 * i, 0);
      }
    }
    this.keyWord(start, numeric);
    asm.source('count', () => this.maps.add(start, step.amount, end));
  }

  /**
   * Goes to `end` when the zone of the event is known not to be asked for. Otherwise puts into the key that it is, or
   * which cgroup and cases decide that later.
   */
  private zone({ cgroup, cases }: NonNullable<CountStep['zoned']>, key: number, end: Label): void {
    const { asm, emitter } = this;
    const [first] = cases;
    if (cases.length === 1 && first !== undefined) {
      if (known(first) !== true) emitter.guard(first, end);
      asm.storeNumber(8, FRAME, key + CASES_AT, 1);
    } else {
      emitter.number(casesThatHold(cases));
      asm.jump('==', 0, 0, end);
      asm.store(8, FRAME, key + CASES_AT, 0);
    }
    emitter.number(cgroup);
    asm.store(8, FRAME, key, 0);
    const unknown = asm.label();
    asm.source('zone', () => {
      this.maps.find(MAPS.verdicts, key);
      asm.jump('==', 0, 0, unknown);
      asm.load(8, 0, 0, 0);
      asm.load(8, 1, FRAME, key + CASES_AT);
      asm.aluRegister('&', 0, 1);
      asm.jump('==', 0, 0, end);
      asm.storeNumber(8, FRAME, key, -1); // DECIDED
      asm.storeNumber(8, FRAME, key + CASES_AT, 0);
      asm.place(unknown);
    });
  }

  /** Bucket and shard, behind the discrete field; or the place 0 of an array. */
  private keyWord(key: number, numeric: Node | undefined): void {
    const { asm, emitter } = this;
    const { grid, shards, wordAt, discreteBytes } = this.layout.key;
    if (wordAt === undefined) {
      if (discreteBytes === 0 && this.layout.key.zones === undefined) asm.storeNumber(4, FRAME, key, 0);
      return;
    }
    if (numeric !== undefined && grid !== undefined) {
      emitter.number(numeric);
      asm.source(`bucket of ${print(numeric)}`, () => emitBucket(asm, grid));
    }
    if (shards > 1) {
      asm.source('shard', () => {
        if (grid !== undefined) asm.aluRegister('=', 7, 0);
        asm.call('cpu');
        asm.alu('&', 0, shards - 1);
        asm.alu('<<', 0, SHARD_SHIFT);
        if (grid !== undefined) asm.aluRegister('|', 0, 7);
      });
    }
    asm.store(4, FRAME, key + wordAt, 0);
  }

  /**
   * Finds what was kept; where there is nothing takes what stands for it, or goes to `end`. It can be found once, but for
   * what goes on.
   */
  private takeOut(by: By, { inPlace, goesOn, unkept }: CountStep, end: Label): void {
    const { asm, emitter } = this;
    const id = this.identity(by);
    const none = unkept === undefined ? end : asm.label();
    asm.source('take out what was kept', () => {
      this.maps.find(MAPS.kept, id);
      asm.jump('==', 0, 0, none);
      for (const [i, name] of (this.layout.keeping?.names ?? []).entries()) {
        const at = this.frame.allocate(8);
        this.keptAt.set(name, at);
        asm.load(8, 1, 0, 8 * i);
        asm.store(8, FRAME, at, 1);
        if (i === 0 && (inPlace || goesOn)) asm.jump('==', 1, 0, goesOn ? end : none);
        if (i === 0 && inPlace && !goesOn) {
          asm.alu('=', 1, 0);
          asm.store(8, 0, 0, 1);
        }
      }
      if (!inPlace && !goesOn) this.maps.remove(id);
    });
    if (unkept === undefined) return;
    const found = asm.label();
    asm.goto(found);
    asm.place(none);
    emitter.scope(() => {
      if (known(unkept.when) !== true) emitter.guard(unkept.when, end);
      for (const { name, node } of unkept.values) {
        emitter.number(node);
        asm.store(8, FRAME, this.keptAt.get(name) ?? 0, 0);
      }
    });
    asm.place(found);
  }

  /** Frame offset of the key by which something is kept. */
  private identity(by: By): number {
    const at = this.frame.allocate(8);
    if (by === 'cpu') {
      this.asm.storeNumber(4, FRAME, at, 0); // a per-CPU array has one place for each
    } else {
      this.emitter.number(by);
      this.asm.store(8, FRAME, at, 0);
    }
    return at;
  }
}

/** One bit for each case; 0 when none holds. */
function casesThatHold(cases: readonly Node[]): Node {
  return cases
    .map((when, i): Node => ({ kind: 'choose', when, then: constant(1n << BigInt(i)), otherwise: FALSE }))
    .reduce((left, right) => ({ kind: 'arithmetic', op: '|', left, right }));
}
