/*
 * The values of one node for one second, on the wire: instrumenter → aggregator. In: reports. Out: bytes, and back.
 * One message carries the reports of all instrumentations that cover the same second.
 * Next on the walk: route.ts, peer.ts, broker.ts, then services/aggregator/aggregator.ts.
 *
 * The body is packed, not JSON: most counts take one byte, and so do most distances between buckets
 * (docs/wire.md has the measurements). Layout, `n` being a whole number as in bytes.ts:
 *
 *     version (1 byte)  node (text)  second n  duration n  sent (double)  how many reports n
 *     each report:      fqid (text)  length of the rest (4 bytes)  form (1 byte)  lost  [load (4 doubles)]  value
 *     number:           the number                       keyed: how many n, then each: key (text), number
 *     distribution:     how many buckets n, then each: distance from the one before n, count n
 *     keyed dist.:      how many n, then each: key (text), distribution
 *
 * form is the shape's place in SHAPES, plus WIDE when the value's numbers are doubles (and buckets stand as they are),
 * plus LOADED when a load follows, plus SOURCE times the 1-based place of its source in SOURCE_NAMES (0: unknown).
 * Regular values are small, and no value is rounded; `lost` is a count of events.
 */
import { Reader, Writer } from './bytes';
import type { Distribution } from '../model/distribution';
import { invalid } from '../service/errors';
import { LIMITS } from '../service/limits';
import type { Load } from '../model/load';
import { SOURCE_NAMES, type SourceName } from '../model/source-name';
import type { Shape, Value } from '../model/value';

/** Longest name of a node, an instrumentation or a key. */
const TEXT_BYTES = 1024;

export const DATA_CONTENT = 'application/x-ca-data';
/** Raised when the layout changes; receivers drop and log other versions. */
export const DATA_VERSION = 3;

/** One instrumentation's value on one node. */
export interface Report {
  readonly fqid: string;
  readonly value: Value;
  /** Events known to be missing from the value. */
  readonly lost: number;
  /** Cost of gathering on the node; in the first report after each measurement. */
  readonly load?: Load;
  /** The source of the value. */
  readonly source?: SourceName;
}

export interface DataMessage {
  /** Host name of the node. */
  readonly node: string;
  /** First second that the values cover, by the node's clock. */
  readonly second: number;
  /** Number of seconds they cover: 1, or 5 where slots are longer. */
  readonly duration: number;
  /** Node's clock when it was sent, ms; used to detect clock skew. */
  readonly sent: number;
  readonly reports: readonly Report[];
}

const SHAPES: readonly Shape[] = ['number', 'keyed', 'distribution', 'keyed-distribution'];
const WIDE = 4;
const UNUSED = 8;
const LOADED = 16;
const SOURCE = 32;
const LOAD_PARTS = ['runsPerSecond', 'nanosecondsPerRun', 'percentOfCore', 'memoryBytes'] as const;
const LONGEST_DURATION = 60;
const NODE_BYTES = 255;

const WHAT = 'data message';
const writer = new Writer();

/** Never throws for anything that the types allow; decoders refuse numbers that are not finite. */
export function encodeData(message: DataMessage): Buffer {
  const { node, second, duration, sent, reports } = message;
  writer.at = 0; // an earlier error may have left something
  writer.byte(DATA_VERSION);
  writer.text(node);
  writer.varint(second);
  writer.varint(duration);
  writer.double(sent);
  writer.varint(reports.length);
  for (const report of reports) writeReport(report);
  return writer.take();
}

function writeReport({ fqid, value, lost, load, source }: Report): void {
  writer.text(fqid);
  const from = writer.lengthHere();
  const place = source === undefined ? 0 : SOURCE_NAMES.indexOf(source) + 1;
  const form = SHAPES.indexOf(value.shape) + (load === undefined ? 0 : LOADED) + SOURCE * place;
  writer.byte(form);
  writer.varint(countOf(lost));
  if (load !== undefined) for (const part of LOAD_PARTS) writer.double(load[part]);
  // Irregular values are rare: try the small form, and start over when it does not fit.
  const valueFrom = writer.at;
  if (!writeValue(value, false)) {
    writer.at = from;
    writer.byte(form + WIDE);
    writer.at = valueFrom;
    writeValue(value, true);
  }
  writer.lengthFrom(from);
}

/** False when the value does not fit the small form. */
function writeValue(value: Value, wide: boolean): boolean {
  switch (value.shape) {
    case 'number':
      return writeNumber(value.number, wide);
    case 'keyed':
      writer.varint(value.numbers.size);
      for (const [key, number] of value.numbers) {
        writer.text(key);
        if (!writeNumber(number, wide)) return false;
      }
      return true;
    case 'distribution':
      return writeDistribution(value.distribution, wide);
    case 'keyed-distribution':
      writer.varint(value.distributions.size);
      for (const [key, d] of value.distributions) {
        writer.text(key);
        if (!writeDistribution(d, wide)) return false;
      }
      return true;
  }
}

function writeNumber(number: number, wide: boolean): boolean {
  if (wide) writer.double(number);
  else if (isCount(number)) writer.varint(number);
  else return false;
  return true;
}

function writeDistribution(d: Distribution, wide: boolean): boolean {
  if (wide) {
    writer.varint(d.length);
    for (const number of d) writer.double(number);
    return true;
  }
  if (d.length % 2 !== 0) return false;
  writer.varint(d.length / 2);
  let previous = -1;
  for (let i = 0; i < d.length; i += 2) {
    const bucket = d[i] ?? -1;
    const count = d[i + 1] ?? -1;
    if (!isCount(bucket) || bucket <= previous || !isCount(count) || count === 0) return false;
    writer.varint(bucket - previous - 1);
    writer.varint(count);
    previous = bucket;
  }
  return true;
}

/** Values with fractions lose fractions of events; receivers take whole counts. */
function countOf(lost: number): number {
  return isCount(lost) ? lost : Math.min(Math.max(Math.ceil(lost), 0) || 0, Number.MAX_SAFE_INTEGER);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0);
}

/**
 * Throws an INVALID error for anything malformed. Reports for which `wanted` is false are skipped unparsed: a message
 * reaches every aggregator that owns one of its instrumentations. Buckets are checked against their grid by the dataset.
 */
export function decodeData(bytes: Buffer, wanted?: (fqid: string) => boolean): DataMessage {
  if (bytes.length > LIMITS.dataMessageBytes) throw invalid(WHAT, 'is too long');
  const reader = new Reader(bytes, WHAT);
  const version = reader.byte();
  if (version !== DATA_VERSION) throw invalid(WHAT, `must be of version ${DATA_VERSION}, not ${version}`);
  const node = reader.text(NODE_BYTES);
  if (node === '') throw invalid(WHAT, 'names no node');
  const second = reader.varint();
  const duration = reader.varint();
  if (duration < 1 || duration > LONGEST_DURATION) throw invalid(WHAT, `covers ${duration} seconds`);
  const sent = reader.double();
  const reports: Report[] = [];
  for (let left = reader.count(7); left > 0; left--) {
    const fqid = reader.text(TEXT_BYTES);
    const end = reader.length() + reader.at;
    if (wanted?.(fqid) === false) {
      reader.at = end;
      continue;
    }
    reports.push(readReport(reader, fqid));
    if (reader.at !== end) throw invalid(WHAT, 'holds a report whose length is wrong');
  }
  if (reader.left > 0) throw invalid(WHAT, 'goes on after its end');
  return { node, second, duration, sent, reports };
}

function readReport(reader: Reader, fqid: string): Report {
  const form = reader.byte();
  const shape = SHAPES[form % SHAPES.length];
  const source = SOURCE_NAMES[Math.floor(form / SOURCE) - 1];
  if (shape === undefined || (form & UNUSED) !== 0) throw invalid('value', 'has none of the four shapes');
  const lost = reader.varint();
  const load = (form & LOADED) === 0 ? {} : { load: readLoad(reader) };
  return {
    fqid,
    lost,
    ...load,
    ...(source === undefined ? {} : { source }),
    value: readValue(reader, shape, (form & WIDE) !== 0),
  };
}

function readLoad(reader: Reader): Load {
  const [runsPerSecond = 0, nanosecondsPerRun = 0, percentOfCore = 0, memoryBytes = 0] = LOAD_PARTS.map(
    () => {
      const number = reader.double();
      if (number < 0) throw invalid('load', 'must not be negative');
      return number;
    },
  );
  return { runsPerSecond, nanosecondsPerRun, percentOfCore, memoryBytes };
}

function readValue(reader: Reader, shape: Shape, wide: boolean): Value {
  switch (shape) {
    case 'number':
      return { shape, number: readNumber(reader, wide) };
    case 'keyed':
      return { shape, numbers: readKeyed(reader, readNumber, wide) };
    case 'distribution':
      return { shape, distribution: readDistribution(reader, wide) };
    case 'keyed-distribution':
      return { shape, distributions: readKeyed(reader, readDistribution, wide) };
  }
}

function readKeyed<T>(reader: Reader, one: (r: Reader, wide: boolean) => T, wide: boolean): Map<string, T> {
  const map = new Map<string, T>();
  const count = reader.count(2);
  for (let i = 0; i < count; i++) map.set(reader.text(TEXT_BYTES), one(reader, wide));
  if (map.size !== count) throw invalid('value', 'names a key twice');
  return map;
}

function readNumber(reader: Reader, wide: boolean): number {
  return wide ? reader.double() : reader.varint();
}

function readDistribution(reader: Reader, wide: boolean): Distribution {
  if (wide) {
    const d: number[] = [];
    for (let left = reader.count(8); left > 0; left--) d.push(reader.double());
    return d;
  }
  const count = reader.count(2);
  const d = new Array<number>(2 * count);
  let bucket = -1;
  for (let i = 0; i < 2 * count; i += 2) {
    bucket += reader.varint() + 1;
    d[i] = bucket;
    d[i + 1] = reader.varint();
    if (d[i + 1] === 0) throw invalid('value', 'counts nothing in a bucket');
  }
  return d;
}
