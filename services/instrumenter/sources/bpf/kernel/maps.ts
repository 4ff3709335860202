/*
 * Reads the counts of a closed second from a kernel map. In: a map that is no longer written to, the layout of its
 * keys. Out: the value, summed over CPUs and shards; the map is empty afterwards. Next: tick.ts, which sends it.
 */
import { Tally } from '../../../../../common/model/tally';
import { shapeOf, type Value } from '../../../../../common/model/value';
import type { Reading } from '../../source';
import { ERRNO } from './abi';
import { BATCH_COUNT_AT, batchAttribute } from '../compiler/attributes';
import { bucketOfKey, CASES_AT, DECIDED, isSingle, type KeyLayout } from '../compiler/key';
import { addressOf, KernelError, type Kernel } from './kernel';
import { COUNTER_BYTES } from '../compiler/maps';

/** Entries read with one call: enough for a usual second. */
const BATCH = 2048;

/** The zone of a cgroup; undefined if it is not known. */
export type ZoneOf = (cgroup: bigint) => string | undefined;

interface Group {
  sum: number;
  readonly pairs: [bucket: number, count: number][];
}

/** Node.js' internal conversion from bytes to a string, without the checks of toString: half the cost of reading a second. */
type LatinBuffer = Buffer & { latin1Slice(from: number, to: number): string };
const latin = (bytes: number): LatinBuffer => Buffer.alloc(bytes) as LatinBuffer;

/** Buffers for draining, shared by all maps of a source: one second's worth at a time. */
export class Drain {
  private readonly kernel: Kernel;
  private readonly cpus: number;
  private keys = latin(0);
  private values = Buffer.alloc(0);
  private readonly positions = [Buffer.alloc(64), Buffer.alloc(64)] as const;
  /** Linux 5.6 to 5.12 have no batch operations for some kinds of map. */
  private hasBatches = true;

  /** `cpus`: the number of possible CPUs; each has its own counter in an array. */
  constructor(kernel: Kernel, cpus: number) {
    this.kernel = kernel;
    this.cpus = cpus;
  }

  /**
   * The map's counts as a value. Events for which `zoneOf` (undefined: not known)
   * would have to decide but cannot are lost.
   */
  async read(map: number, key: KeyLayout, zoneOf: ZoneOf = () => undefined): Promise<Reading> {
    if (isSingle(key)) {
      const number = this.takeSingle(map);
      const text = key.textOf?.(Buffer.alloc(0));
      if (text === undefined) return { value: { shape: 'number', number }, lost: 0 };
      const numbers = number === 0 ? new Map<string, number>() : new Map([[text, number]]);
      return { value: { shape: 'keyed', numbers }, lost: 0 };
    }
    const groups = new Map<string, Group>();
    const lost = this.group(map, key, zoneOf, groups);
    const textOf =
      (await key.meet?.([...groups.keys()].map((raw) => Buffer.from(raw, 'latin1')))) ?? key.textOf;
    return { value: valueOf(groups, key.grid, textOf), lost };
  }

  /** Adds the map's counts to groups by the bytes of the discrete field. Returns the count of what is lost. */
  private group(map: number, key: KeyLayout, zoneOf: ZoneOf, groups: Map<string, Group>): number {
    const { grid, discreteAt, discreteBytes, zones } = key;
    let lost = 0;
    this.take(map, key.bytes, (keys, at, count) => {
      if (zones !== undefined) {
        const wanted = isWanted(zones, zoneOf, keys.readBigUInt64LE(at), keys.readBigUInt64LE(at + CASES_AT));
        if (wanted === undefined) lost += count;
        if (wanted !== true) return;
      }
      // Bytes of equal keys are equal strings; the text for people is made once per key, below.
      const raw =
        discreteBytes === 0 ? '' : keys.latin1Slice(at + discreteAt, at + discreteAt + discreteBytes);
      let group = groups.get(raw);
      if (group === undefined) groups.set(raw, (group = { sum: 0, pairs: [] }));
      group.sum += count;
      if (grid !== undefined) group.pairs.push([bucketOfKey(key, keys, at), count]);
    });
    return lost;
  }

  private takeSingle(map: number): number {
    const key = Buffer.alloc(4);
    const value = Buffer.alloc(this.cpus * COUNTER_BYTES);
    this.kernel.lookup(map, key, value);
    let sum = 0;
    for (let cpu = 0; cpu < this.cpus; cpu++) sum += counterAt(value, cpu);
    if (sum !== 0) this.kernel.update(map, key, value.fill(0));
    return sum;
  }

  private take(
    map: number,
    keyBytes: number,
    each: (keys: LatinBuffer, at: number, count: number) => void,
  ): void {
    if (!this.hasBatches) return this.takeOneByOne(map, keyBytes, each);
    let size = BATCH;
    let from: Buffer | undefined;
    for (let round = 0; ; round++) {
      this.reserve(size, keyBytes);
      const next = this.positions[round % 2 === 0 ? 0 : 1];
      const { count, errno } = this.takeBatch(map, from, next, size);
      if (errno === ERRNO.ENOSPC) {
        // One of the map's hash chains is longer than a batch.
        size *= 2;
        round--;
        continue;
      }
      if (errno === ERRNO.EINVAL || errno === ERRNO.ENOTSUPP) {
        this.hasBatches = false;
        return this.takeOneByOne(map, keyBytes, each);
      }
      if (errno !== 0 && errno !== ERRNO.ENOENT) throw new KernelError('a map cannot be read', errno);
      for (let i = 0; i < count; i++) {
        each(this.keys, i * keyBytes, counterAt(this.values, i));
      }
      if (errno === ERRNO.ENOENT) return; // the end
      from = next;
    }
  }

  /** Moves up to `count` entries out of a map. `from` is undefined at first, then the last answer's `next`. */
  private takeBatch(
    map: number,
    from: Buffer | undefined,
    next: Buffer,
    count: number,
  ): { readonly count: number; readonly errno: number } {
    const attributes = batchAttribute(map, count, {
      from: from === undefined ? undefined : addressOf(from),
      next: addressOf(next),
      keys: addressOf(this.keys),
      values: addressOf(this.values),
    });
    const result = this.kernel.bpf('lookupAndDeleteBatch', attributes);
    return { count: attributes.readUInt32LE(BATCH_COUNT_AT), errno: result < 0 ? this.kernel.errno() : 0 };
  }

  private takeOneByOne(
    map: number,
    keyBytes: number,
    each: (keys: LatinBuffer, at: number, count: number) => void,
  ): void {
    const key = latin(keyBytes);
    const value = Buffer.alloc(COUNTER_BYTES);
    // Always the first key: the one before it is gone.
    while (this.kernel.nextKey(map, undefined, key)) {
      if (!this.kernel.lookup(map, key, value) || !this.kernel.remove(map, key)) return;
      each(key, 0, counterAt(value, 0));
    }
  }

  private reserve(entries: number, keyBytes: number): void {
    if (this.keys.length < entries * keyBytes) this.keys = latin(entries * keyBytes);
    if (this.values.length < entries * COUNTER_BYTES) this.values = Buffer.alloc(entries * COUNTER_BYTES);
  }
}

/** Undefined if the zone is not known. */
function isWanted(
  zones: NonNullable<KeyLayout['zones']>,
  zoneOf: ZoneOf,
  cgroup: bigint,
  cases: bigint,
): boolean | undefined {
  if (cgroup === DECIDED) return true;
  const zone = zoneOf(cgroup);
  return zone === undefined ? undefined : (zones.allowed(zone) & cases) !== 0n;
}

function valueOf(
  groups: ReadonlyMap<string, Group>,
  grid: KeyLayout['grid'],
  textOf: KeyLayout['textOf'],
): Value {
  const tally = new Tally(shapeOf({ discrete: textOf !== undefined, numeric: grid !== undefined }));
  for (const [raw, { sum, pairs }] of groups) {
    // Two numbers may have one name.
    const key = textOf?.(Buffer.from(raw, 'latin1')) ?? '';
    if (grid === undefined) tally.add(key, 0, sum);
    else for (const [bucket, count] of pairs) tally.add(key, bucket, count);
  }
  return tally.take();
}

/** Exact up to 2^53. */
function counterAt(values: Buffer, index: number): number {
  const at = index * COUNTER_BYTES;
  return values.readUInt32LE(at) + values.readUInt32LE(at + 4) * 0x1_0000_0000;
}
