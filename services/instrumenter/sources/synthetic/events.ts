/*
 * Invented data that resembles a machine's. In: seed, node, metric, second. Out: data points, always the same for the same input.
 *
 * A metric of events has about 80 of them a second, each with random fields. A metric of items (CPUs, disks,
 * containers) has one point per item, the same items every second, whose numbers drift.
 */
import type { Metric } from '../../../../common/model/metric';
import { metricName } from '../../../../common/model/metric';
import { fieldType, type TypeName } from '../../../../common/model/field';
import { FIELDS } from '../../metrics/language/fields';
import type { Fields, Point } from '../points';
import { drift, hash, Random } from './random';
import { textsOf } from './vocabulary';

export interface Origin {
  readonly seed: number;
  readonly node: string;
}

const EVENTS_PER_SECOND = 80;
const THINGS = 40;

const US = 1000;
const MS = 1000 * US;
const KIB = 1024;
const GIB = KIB ** 3;

export function pointsAt(metric: Metric, second: number, origin: Origin): Point[] {
  return metric.interval === 'point' ? things(metric, second, origin) : events(metric, second, origin);
}

function events(metric: Metric, second: number, { seed, node }: Origin): Point[] {
  const name = metricName(metric);
  const random = new Random(hash(seed, node, name, second));
  const level = drift(second, seed, node, name);
  const count = Math.max(0, Math.round(random.normal(EVENTS_PER_SECOND, EVENTS_PER_SECOND / 10)));
  return Array.from({ length: count }, () => {
    const fields: Record<string, string | number> = { hostname: node };
    for (const field of metric.fields) {
      if (field === 'hostname') continue;
      const type = typeOf(field);
      fields[field] =
        fieldType(type).arity === 'discrete' ? random.pick(textsOf(field)) : amount(type, random, level);
    }
    return { fields, value: metric.type === undefined ? 1 : amount(metric.type, random, level) };
  });
}

/** A number in the range of a type; always an integer, as counters and clocks are. */
function amount(type: TypeName, random: Random, level: number): number {
  switch (type) {
    case 'time':
      return Math.round(latency(random, level));
    case 'size':
      return Math.round(random.logUniform(512, 128 * KIB));
    case 'percent':
      return Math.floor(Math.min(100, Math.max(0, random.normal(100 * level, 5))));
    case 'subsecond':
      return random.between(0, 999);
    default:
      return Math.max(0, Math.round(random.normal(300, 30)));
  }
}

/** Three bands, as of a cache, a disk, and a disk that is busy: the middle one drifts between 4 and 9 ms. */
function latency(random: Random, level: number): number {
  const band = random.next();
  if (band < 0.6) return random.between(2 * US, 10 * US);
  if (band < 0.97) return (4 + 5 * level) * MS * Math.exp(random.normal(0, 0.25));
  return random.logUniform(20 * MS, 200 * MS);
}

/** Items differ in their discrete fields: all combinations of these, up to THINGS. */
function things(metric: Metric, second: number, origin: Origin): Point[] {
  const named = metric.fields.filter((f) => f !== 'hostname' && fieldType(typeOf(f)).arity === 'discrete');
  const numeric = metric.fields.filter((f) => fieldType(typeOf(f)).arity === 'numeric');
  const combinations = named.reduce((product, field) => product * textsOf(field).length, 1);
  return Array.from({ length: Math.min(combinations, THINGS) }, (_, thing) => {
    const names: Record<string, string> = { hostname: origin.node };
    let rest = thing;
    for (const field of named) {
      const texts = textsOf(field);
      names[field] = texts[rest % texts.length] ?? texts[0];
      rest = Math.floor(rest / texts.length);
    }
    const level = (what: string): number =>
      drift(second, origin.seed, origin.node, metricName(metric), what, thing);
    const fields: Fields = {
      ...names,
      ...Object.fromEntries(numeric.map((field) => [field, gauge(typeOf(field), level(field))])),
    };
    // Items with numeric fields count 1 each; items without are themselves numbers.
    return { fields, value: numeric.length > 0 ? 1 : gauge(metric.type ?? 'percent', level('value')) };
  });
}

function gauge(type: TypeName, level: number): number {
  switch (type) {
    case 'size':
      return Math.floor(level * GIB);
    case 'time':
      return Math.floor(level * 100 * MS);
    case 'percent':
      return Math.floor(level * 101);
    default:
      return Math.floor(level * 1000);
  }
}

function typeOf(field: string): TypeName {
  return FIELDS[field as keyof typeof FIELDS].type;
}
