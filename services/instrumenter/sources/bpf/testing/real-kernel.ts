/*
 * The bpf source of the machine that tests run on. In: nothing. Out: the source, and ways to enable, read and close
 * probes of it, or why there is none; programs that do a known number of known things.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Instrumentation } from '../../../../../common/model/instrumentation';
import type { Distribution } from '../../../../../common/model/distribution';
import { ALWAYS, predicateFields, type Predicate } from '../../../../../common/model/predicate/predicate';
import { totalOf, type Value } from '../../../../../common/model/value';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import { describe as describeMetric, METRICS } from '../../../metrics/registry';
import type { BpfSource } from '../bpf';
import { openBpf } from '../open';
import type { BpfProbe } from '../kernel/probe';

export const HOST = 'this-node';
export const ARCHITECTURE = process.arch === 'x64' ? 'x64' : 'arm64';
/** The number of a call that others rarely make, and that does nothing. */
export const GETPPID = ARCHITECTURE === 'x64' ? 110 : 173;
export const is = (field: string, constant: string): Predicate => ({
  kind: 'compare',
  op: 'eq',
  field,
  constant,
});
export const both = (...members: Predicate[]): Predicate => ({ kind: 'and', members });

/** A process name (15 bytes at most) that no other run of these tests on this machine uses. */
export const own = (name: string): string => `${process.pid.toString(36)}-${name}`;
/** Perl: takes a name; the kernel cuts it to 15 bytes. */
export const rename = (name: string): string =>
  `open(F, ">", "/proc/$$/comm"); syswrite(F, "${name}"); close F;`;

export function instrumentation(
  name: `${string}.${string}`,
  decomposition: readonly string[],
  predicate: Predicate = ALWAYS,
): Instrumentation {
  const [module = '', stat = ''] = name.split('.');
  const fields = [...decomposition, ...predicateFields(predicate)];
  return {
    id: '1',
    module,
    stat,
    predicate,
    decomposition,
    fields: Object.fromEntries(fields.map((field) => [field, FIELDS[field as FieldName].type])),
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 60,
    idleMax: 60,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}

/** Fields that are looked up when a second is read cannot be filtered by. */
export function isLookedUp(metric: `${string}.${string}`, field: string): boolean {
  const steps = describeMetric(metric)?.bpf?.probes.flatMap((p) => p.steps) ?? [];
  return steps.some((step) => {
    const of = step.kind === 'count' ? step.fields[field] : undefined;
    return of !== undefined && 'kind' in of && ['command', 'function', 'rewritten'].includes(of.kind);
  });
}

/** The output of a Perl program. Throws when it fails. */
export function perl(script: string, ...args: string[]): string {
  const done = spawnSync('perl', ['-e', script, ...args], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`perl failed: ${done.stderr}`);
  return done.stdout;
}

const TMPFS = 0x01021994;

/** A new folder in the checkout: that for temporary files is in memory on some systems. undefined, and said so: this is, too. */
export function folderOnDisk(name: string): string | undefined {
  const build = resolve(__dirname, '../../../../../build/e2e');
  mkdirSync(build, { recursive: true });
  if (statfsSync(build).type !== TMPFS) return mkdtempSync(join(build, name));
  process.stderr.write(`SKIPPED: ${build} is in memory, not on a disk\n`);
  return undefined;
}

/** Why a test cannot have mounts of its own: a root folder that is no mount point, as in a plain chroot, cannot be private. */
export function noMountNamespace(): string | undefined {
  const tried = spawnSync('unshare', ['--mount', '--propagation', 'private', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `no mounts of its own here: ${tried.stderr.trim()}`;
}

/** A process of this name makes exactly this many getppid calls. */
export function makeCalls(comm: string | Buffer, count: number, more = ''): void {
  const name = Buffer.from(comm).toString('hex');
  perl(
    `$0 = "x"; open(F, ">", "/proc/$$/comm"); syswrite(F, pack("H*", "${name}")); close F; ${more}
     for (1..${count}) { syscall(${GETPPID}) }`,
  );
}

/** Numbers by key; without a breakdown, all of them under ''. */
export const numbersOf = (value: Value): ReadonlyMap<string, number> =>
  value.shape === 'keyed' ? value.numbers : new Map([['', totalOf(value)]]);
export const distributionOf = (value: Value, key: string): Distribution =>
  value.shape === 'keyed-distribution' ? (value.distributions.get(key) ?? []) : [];

export class RealKernel {
  readonly source: BpfSource;
  private readonly open: BpfProbe[] = [];

  constructor(source: BpfSource) {
    this.source = source;
  }

  async enable(...args: Parameters<typeof instrumentation>): Promise<BpfProbe> {
    const probe = await this.source.enable(instrumentation(...args));
    this.open.push(probe);
    return probe;
  }

  /** Closes the second and reads it. Throws when something was lost. */
  async read(probe: BpfProbe): Promise<Value> {
    probe.flip();
    await this.source.settle();
    const { value, lost } = await probe.read();
    if (lost !== 0) throw new Error(`${lost} events were lost`);
    return value;
  }

  async numbers(probe: BpfProbe): Promise<ReadonlyMap<string, number>> {
    return numbersOf(await this.read(probe));
  }

  async distribution(probe: BpfProbe, key: string): Promise<Distribution> {
    return distributionOf(await this.read(probe), key);
  }

  closeProbes(): void {
    for (const probe of this.open.splice(0)) probe.close();
  }
}

/** The source, or why it does not work here. */
export function openRealKernel(): RealKernel | string {
  const source = openBpf(HOST, METRICS);
  if (typeof source === 'string') return source;
  const offers = source.offers();
  const reasons = offers.flatMap((offer) => ('unavailable' in offer ? [offer.unavailable] : []));
  return reasons.length === offers.length ? (reasons[0] ?? 'no metric') : new RealKernel(source);
}

/** Tests that need the kernel. Where it is not available they are skipped, and the title says so. */
export function onRealKernel(title: string, tests: (kernel: RealKernel) => void): void {
  const opened = openRealKernel();
  const usable = opened instanceof RealKernel;
  if (!usable) process.stderr.write(`SKIPPED: ${title} on the real kernel: ${opened}\n`);

  test('as root on Linux nothing of this file is skipped', () => {
    if (process.platform === 'linux' && process.getuid?.() === 0) expect(usable).toBe(true);
  });

  (usable ? describe : describe.skip)(
    `${title} on the real kernel${usable ? '' : ` (skipped: ${opened})`}`,
    () => {
      const kernel = opened as RealKernel;
      afterEach(() => kernel.closeProbes());
      afterAll(() => kernel.source.close());
      tests(kernel);
    },
  );
}
