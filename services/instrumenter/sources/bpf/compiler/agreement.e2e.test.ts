/*
 * Random events through the kernel's programs and through the predicates' evaluation in memory: both count the same.
 * Programs are loaded but attached to nothing; they are run on arguments of our own, which point into a map's value that
 * is filled with numbers, names and pointers to itself. What an event's fields are is asked of programs without a
 * predicate; whether it counts, of programs with one. Needs root, and Linux 5.10 for running raw tracepoints.
 */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { gridOf } from '../../../../../common/model/field';
import { evaluate, type Constant, type Predicate } from '../../../../../common/model/predicate/predicate';
import { predicatesOf } from '../../../../../common/model/testing/random-predicate';
import { totalOf, type Value } from '../../../../../common/model/value';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import { describe as describeMetric, METRICS } from '../../../metrics/registry';
import { Assembler, encode } from './instructions/assembler';
import { BpfSource } from '../bpf';
import { Btf } from '../kernel/btf';
import type { MapSpecification } from './compile';
import { Kernel } from '../kernel/kernel';
import { countCpus } from '../open';
import type { BpfProbe } from '../kernel/probe';
import { HOST, instrumentation, isLookedUp } from '../testing/real-kernel';
import { openZones, UNKNOWN } from '../zones/zones';

const usable = process.platform === 'linux' && process.getuid?.() === 0;
if (!usable) process.stderr.write('SKIPPED: programs run on events of our own: this needs root on Linux\n');

const SEED = 20111108;
const EVENTS = 60;
const PREDICATES = 6;
const ARENA_BYTES = 4096;
const architecture = process.arch === 'x64' ? ('x64' as const) : ('arm64' as const);

/** Loads as ever, attaches nothing, and remembers what was loaded. */
class Detached extends Kernel {
  loaded: { readonly name: string; readonly program: number }[] = [];

  override load(name: string, code: Buffer): number {
    const program = super.load(name, code);
    this.loaded.push({ name, program });
    return program;
  }

  override createMap(map: MapSpecification): number {
    return super.createMap({ ...map, entries: Math.min(map.entries, 256) });
  }

  override attach(): Promise<number> {
    return Promise.resolve(openSync('/dev/null', 'r'));
  }
}

/** Kernel memory that we may write: the value of a map, whose address a program has told. */
class Arena {
  readonly address: bigint;
  private readonly kernel: Kernel;
  private readonly map: number;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const create = (name: string, valueBytes: number): number =>
      kernel.createMap({ name, kind: 'array', keyBytes: 4, valueBytes, entries: 1 });
    this.map = create('arena', ARENA_BYTES);
    const told = create('told', 8);
    const asm = new Assembler(20);
    asm.mapValue(1, 'arena', 0);
    asm.mapValue(2, 'told', 0);
    asm.store(8, 2, 0, 1);
    asm.exit();
    const program = kernel.load(
      'tell',
      encode(asm.instructions, (name) => (name === 'arena' ? this.map : told)),
    );
    kernel.testRun(program, Buffer.alloc(8));
    const address = Buffer.alloc(8);
    kernel.lookup(told, Buffer.alloc(4), address);
    this.address = address.readBigUInt64LE(0);
    for (const fd of [program, told]) kernel.close(fd);
  }

  /** Half of its words point into it; the rest are small numbers, modes of files, and text. */
  fill(random: (below: number) => number): void {
    const bytes = Buffer.alloc(ARENA_BYTES);
    for (let at = 0; at < ARENA_BYTES; at += 8) {
      const kind = random(8);
      if (kind < 4) bytes.writeBigUInt64LE(this.pointer(random), at);
      else if (kind === 4) bytes.writeBigUInt64LE(BigInt(random(4)), at);
      else if (kind === 5) bytes.writeUInt32LE([0x8000, 6, 10, 0x1_0006][random(4)] ?? 0, at);
      else bytes.write(['read', 'ext4', 'x', 'abcdefgh'][random(4)] ?? '', at, 'latin1');
    }
    this.kernel.update(this.map, Buffer.alloc(4), bytes);
  }

  pointer(random: (below: number) => number): bigint {
    return this.address + BigInt(8 * random(64));
  }

  close(): void {
    this.kernel.close(this.map);
  }
}

/** A small generator of its own: the same events whatever else asks for random numbers. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Loaded {
  readonly probe: BpfProbe;
  readonly programs: readonly { readonly name: string; readonly program: number }[];
}
type Run = readonly { readonly name: string; readonly args: Buffer }[];

const isNumeric = (field: string): boolean => FIELDS[field as FieldName].type !== 'string';
/** Times pass between one program's run and the next one's. */
const isTime = (field: string): boolean => ['time', 'subsecond'].includes(FIELDS[field as FieldName].type);

(usable ? test : test.skip)(
  `random events count in the kernel exactly when the predicate says so in memory${usable ? '' : ' (skipped: it needs root on Linux)'}`,
  async () => {
    // What a CPU keeps is found again on the same one only.
    const allowed =
      /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    stayOn(/^\d+/.exec(allowed)?.[0] ?? '0');
    const kernel = new Detached(architecture);
    const types = new Btf(() => readFileSync('/sys/kernel/btf/vmlinux'), 'test');
    const zones = openZones();
    const source = new BpfSource({
      hostname: HOST,
      architecture,
      // Watched by tracepoints alone; samples cannot be run, user programs are elsewhere.
      metrics: METRICS.filter(
        ({ bpf }) => bpf?.probes.every(({ at, on }) => at.kind === 'tracepoint' || on === 'arm64') === true,
      ),
      kernel,
      types,
      cpus: countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8')),
      ...(zones === undefined ? {} : { zones }),
    });
    const arena = new Arena(kernel);
    const random = generator(SEED);
    const load = async (...args: Parameters<typeof instrumentation>): Promise<Loaded> => {
      kernel.loaded = [];
      const probe = await source.enable(instrumentation(...args));
      return { probe, programs: kernel.loaded };
    };
    /** All programs of a question that are of the run's tracepoints, in its order; then the second is read. */
    const runOn = async ({ probe, programs }: Loaded, run: Run): Promise<Value> => {
      for (const { name, args } of run) {
        for (const one of programs) if (one.name === name) kernel.testRun(one.program, args);
      }
      probe.flip();
      return (await probe.read()).value;
    };
    const anyRun = (names: readonly string[]): Run => {
      const shared = arena.pointer(random);
      return Array.from({ length: 1 + random(2 * names.length) }, (_, i) => {
        const name = names[i < names.length ? i : random(names.length)] ?? '';
        const args = types.argumentsOf(name).map(({ leaf }) => {
          if (leaf.kind === 'pointer') return random(4) === 0 ? arena.pointer(random) : shared;
          return BigInt([0, 1, 2, 3, 7, 10][random(6)] ?? 0);
        });
        return { name, args: Buffer.concat(args.map(word)) };
      });
    };
    const zeros = { genuine: 0, negative: 0 };
    const compared = new Map<string, { counted: number; not: number }>();
    try {
      for (const offer of source.offers()) {
        if (!('fields' in offer)) continue;
        const fields = offer.fields.filter((field) => !isTime(field) && !isLookedUp(offer.metric, field));
        const names =
          describeMetric(offer.metric)?.bpf?.probes.flatMap(({ at, on }) =>
            on === 'arm64' ? [] : [at.name],
          ) ?? [];
        const total = await load(offer.metric, []);
        const byField = new Map<string, Loaded>();
        const isNegative = new Map<string, Loaded>();
        for (const field of fields) {
          byField.set(field, await load(offer.metric, [field]));
          if (isNumeric(field)) {
            const below: Predicate = { kind: 'compare', op: 'lt', field, constant: 0 };
            isNegative.set(field, await load(offer.metric, [], below));
          }
        }
        const seen = new Map<string, Set<Constant>>(fields.map((field) => [field, new Set()]));
        const events: { run: Run; seed: number; isClear: boolean; fields: Map<string, Constant> }[] = [];
        for (let i = 0; i < EVENTS; i++) {
          const seed = random(2 ** 31);
          arena.fill(generator(seed));
          const run = anyRun(names);
          const count = totalOf(await runOn(total, run));
          const told = new Map<string, Constant>();
          for (const [field, loaded] of byField) {
            const only = onlyOne(field, await runOn(loaded, run));
            if (only !== undefined) told.set(field, only);
          }
          for (const [field, loaded] of isNegative) {
            // The first bucket has them, too.
            const negatives = totalOf(await runOn(loaded, run));
            if (told.get(field) === 0) zeros[negatives === 0 ? 'genuine' : 'negative']++;
            else if (told.has(field))
              expect([offer.metric, field, negatives]).toEqual([offer.metric, field, 0]);
            if (negatives > 0) told.set(field, -1);
          }
          // What counts twice, with other fields each time, has no one answer.
          const isClear = count === 0 || (count === 1 && told.size === fields.length);
          events.push({ run, seed, isClear, fields: count === 0 ? new Map<string, Constant>() : told });
          if (!isClear) continue;
          for (const [field, constant] of told) if (constant !== -1) seen.get(field)?.add(constant);
        }
        // Of a zone that nobody knows nothing is counted that asks for zones (truth.test.ts).
        if (seen.get('zonename')?.has(UNKNOWN) === true) seen.delete('zonename');
        const outcome = { counted: 0, not: 0 };
        compared.set(offer.metric, outcome);
        const predicates = fc.sample(anyPredicate(seen), { numRuns: PREDICATES, seed: SEED });
        for (const predicate of predicates) {
          const asked = await load(offer.metric, [], predicate);
          for (const event of events) {
            arena.fill(generator(event.seed));
            // Run also where nothing is compared: what one event begins, another one may end.
            const count = totalOf(await runOn(asked, event.run));
            if (!event.isClear) continue;
            const expected = event.fields.size > 0 && evaluate(predicate, (field) => event.fields.get(field));
            expect([offer.metric, predicate, Object.fromEntries(event.fields), count]).toEqual([
              offer.metric,
              predicate,
              Object.fromEntries(event.fields),
              expected ? 1 : 0,
            ]);
            if (expected) outcome.counted++;
            else if (event.fields.size > 0) outcome.not++;
          }
          asked.probe.close();
        }
        for (const { probe } of [total, ...byField.values(), ...isNegative.values()]) probe.close();
      }
    } finally {
      source.close();
      arena.close();
      stayOn(allowed);
    }
    const both = [...compared.values()].filter(({ counted, not }) => counted > 0 && not > 0).length;
    process.stderr.write(
      `${both} of ${compared.size} metrics: random events both counted and not; ` +
        `in the first bucket ${zeros.genuine} zeros and ${zeros.negative} negative numbers\n`,
    );
    expect(Math.min(zeros.genuine, zeros.negative)).toBeGreaterThan(0);
    expect(both).toBeGreaterThan(compared.size / 2);
  },
  240_000,
);

/** Of this process's first thread, which runs the programs. */
function stayOn(cpus: string): void {
  execFileSync('taskset', ['-cp', cpus, String(process.pid)]);
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** The one key of a value, or the first number of its one bucket. */
function onlyOne(field: string, value: Value): Constant | undefined {
  if (value.shape === 'keyed') return value.numbers.size === 1 ? [...value.numbers.keys()][0] : undefined;
  if (value.shape !== 'distribution' || value.distribution.length !== 2) return undefined;
  return gridOf(FIELDS[field as FieldName].type).floorOf(value.distribution[0] ?? 0);
}

/** Comparisons with what was seen and what was not; of numbers, those that all numbers of a bucket answer alike. */
function anyPredicate(seen: ReadonlyMap<string, ReadonlySet<Constant>>): fc.Arbitrary<Predicate> {
  const leaves = [...seen].map(([field, constants]) => {
    const ops = isNumeric(field) ? (['lt', 'ge'] as const) : (['eq', 'ne'] as const);
    return fc
      .tuple(
        fc.constantFrom(...ops),
        fc.constantFrom(...constants, ...(isNumeric(field) ? [1000] : ['nobody'])),
      )
      .map(([op, constant]): Predicate => ({ kind: 'compare', op, field, constant }));
  });
  return predicatesOf(fc.oneof(...leaves), { maxDepth: 3, maxMembers: 4 });
}
