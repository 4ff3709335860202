/*
 * What the keys of the counting maps look like, and how they print. In: the breakdown. Out: a layout; text for bytes.
 *
 * Where zones decide, a key begins with the cgroup's number (or DECIDED) and the cases that hold, 8 bytes each. Then
 * come the discrete field's bytes, then a word of bucket (16 bits) and shard (16 bits), where there are such. With
 * nothing to tell events apart the map is an array with one counter per CPU, and the key is its place, zero.
 *
 * Shards: CPUs that count one key at a time would hand its counter from cache to cache. A map with a counter per CPU
 * and entry costs too much where there are many (16,384 entries: 20 ms to make with 2 CPUs, 17 MB with 128), so
 * eight CPUs share one.
 */
import type { Grid } from '../../../../../common/model/bucket';
import { nameFromBytes } from '../../../../../common/model/name';
import type { Field } from './field';
import { fillOf } from './node';
import type { ZoneFilter } from './zone-filter';

export interface KeyLayout {
  readonly bytes: number;
  /** Where the discrete field is. */
  readonly discreteAt: number;
  /** Present: who is counted under a cgroup's number is still to be decided, by its zone. */
  readonly zones?: ZoneFilter;
  /** Bytes of the discrete field; 0 when it is the same for all events, or not asked for. */
  readonly discreteBytes: number;
  /** Where the word of bucket and shard is; undefined when there is none. */
  readonly wordAt?: number;
  /** A power of two. */
  readonly shards: number;
  readonly grid?: Grid;
  /** Text for the discrete field's bytes; undefined when the breakdown has none. */
  readonly textOf?: (key: Buffer) => string;
  /** Looks up what takes time: text for these bytes. Absent where there is nothing to look up. */
  readonly meet?: (keys: readonly Buffer[]) => Promise<(key: Buffer) => string>;
}

const WORD_BYTES = 4;
const BUCKET_BITS = 16;
const BUCKETS_MAX = 1 << BUCKET_BITS;
const CPUS_PER_SHARD = 8;
const SHARDS_MAX = 16;

/** In the place of a cgroup's number: the kernel knew the zone, and it is to be counted. */
export const DECIDED = 2n ** 64n - 1n;
/** Where the cases are, behind the number. */
export const CASES_AT = 8;
const ZONE_BYTES = 16;

export function keyLayout(
  discrete: Field | undefined,
  grid: Grid | undefined,
  cpus: number,
  zones?: ZoneFilter,
): KeyLayout {
  const discreteBytes = bytesOf(discrete);
  const discreteAt = zones === undefined ? 0 : ZONE_BYTES;
  if (grid !== undefined && grid.size > BUCKETS_MAX) throw new RangeError('the grid has too many buckets');
  const isSingle = discreteBytes === 0 && grid === undefined && zones === undefined;
  const shards = isSingle ? 1 : shardsFor(cpus);
  const hasWord = grid !== undefined || shards > 1;
  return {
    bytes: isSingle ? WORD_BYTES : discreteAt + discreteBytes + (hasWord ? WORD_BYTES : 0),
    discreteAt,
    ...(zones === undefined ? {} : { zones }),
    discreteBytes,
    shards,
    ...(hasWord ? { wordAt: discreteAt + discreteBytes } : {}),
    ...(grid === undefined ? {} : { grid }),
    ...(discrete === undefined ? {} : { textOf: printer(discrete), ...meeting(discrete) }),
  };
}

function bytesOf(discrete: Field | undefined): number {
  switch (discrete?.kind) {
    case 'text':
      return discrete.node.bytes;
    case 'number':
      return discrete.bytes;
    case 'pair':
      return 16;
    default:
      return 0;
  }
}

/** True when all events of the question have one key: no hash is needed. */
export function isSingle(layout: KeyLayout): boolean {
  return layout.discreteBytes === 0 && layout.grid === undefined && layout.zones === undefined;
}

/** The bucket in a key that begins at `at`; 0 when the breakdown has no numeric field. */
export function bucketOfKey(layout: KeyLayout, keys: Buffer, at = 0): number {
  return layout.grid === undefined || layout.wordAt === undefined
    ? 0
    : keys.readUInt32LE(at + layout.wordAt) & (BUCKETS_MAX - 1);
}

/** Bits by which a shard's number is moved beside the bucket. */
export const SHARD_SHIFT = BUCKET_BITS;

function shardsFor(cpus: number): number {
  let shards = 1;
  while (shards < SHARDS_MAX && shards * CPUS_PER_SHARD < cpus) shards *= 2;
  return shards;
}

function withoutFill(text: Buffer, fill: number): Buffer {
  let end = text.length;
  while (end > 0 && text[end - 1] === fill) end--;
  return text.subarray(0, end);
}

/** As latin1. */
function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

function printer(discrete: Field): (key: Buffer) => string {
  switch (discrete.kind) {
    case 'fixed':
      return () => discrete.text;
    case 'text': {
      const { node, rewrite } = discrete;
      const bytesIn = (key: Buffer): Buffer => withoutFill(key.subarray(0, node.bytes), fillOf(node));
      return rewrite === undefined
        ? (key) => nameFromBytes(bytesIn(key))
        : (key) => nameFromBytes(Buffer.from(rewrite(untilZero(bytesIn(key))), 'latin1'));
    }
    case 'pair':
      return (key) => discrete.names.nameOf(...pairIn(key));
    case 'number':
      return (key) => discrete.names.nameOf(numberIn(key, discrete.bytes));
  }
}

function meeting(discrete: Field): Pick<KeyLayout, 'meet'> {
  if (discrete.kind === 'pair' && discrete.names.meet !== undefined) {
    const { names } = discrete;
    return {
      meet: async (keys) => {
        const met = (await names.meet?.(keys.map(pairIn))) ?? names;
        return (key) => met.nameOf(...pairIn(key));
      },
    };
  }
  if (discrete.kind === 'number' && discrete.names.meet !== undefined) {
    const { bytes, names } = discrete;
    return {
      meet: async (keys) => {
        const met = (await names.meet?.(keys.map((key) => numberIn(key, bytes)))) ?? names;
        return (key) => met.nameOf(numberIn(key, bytes));
      },
    };
  }
  return {};
}

function pairIn(key: Buffer): readonly [bigint, bigint] {
  return [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
}

function numberIn(key: Buffer, bytes: 4 | 8): bigint {
  return bytes === 8 ? key.readBigUInt64LE(0) : BigInt(key.readUInt32LE(0));
}
