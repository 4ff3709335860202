/*
 * Instrumentation ⇄ its wire form. In: one. Out: the other. Next: message.ts.
 */
import { FIELD_TYPES, TYPE_NAMES, type TypeName } from '../model/field';
import type { Instrumentation } from '../model/instrumentation';
import { ExportSchema } from '../model/export-schema';
import { parsePredicate, toPlainPredicate } from '../model/predicate/predicate';
import { Type, type Static } from '../model/schema';
import { invalid } from '../service/errors';
import { LIMITS } from '../service/limits';
import { Digest } from './digest';

/** Extra nodes of a predicate sent to nodes: a customer's restriction to its zones, an `or` within an `and`. */
const RESTRICTION_NODES = 102;
const RESTRICTION_DEPTH = 2;

export const Name = Type.String({ pattern: '^\\w+$', maxLength: 64 });
export const TypeNameSchema = Type.Unsafe<TypeName>({ type: 'string', enum: TYPE_NAMES });

/** An instrumentation with the predicate in its JSON form. */
export const WireInstrumentation = Type.Object({
  id: Type.String({ pattern: '^[0-9]{1,15}$' }),
  customer: Type.Optional(Type.String({ pattern: '^[\\w-]{1,64}$' })),
  module: Name,
  stat: Name,
  meaning: Type.Optional(Digest),
  predicate: Type.Unknown(),
  decomposition: Type.Array(Name, { maxItems: 2 }),
  fields: Type.Record(Type.String(), TypeNameSchema),
  type: Type.Optional(TypeNameSchema),
  valueScope: Type.Unsafe<'interval' | 'point'>({ type: 'string', enum: ['interval', 'point'] }),
  granularity: Type.Integer({ minimum: 1, maximum: LIMITS.granularitySecondsMax }),
  retentionTime: Type.Integer({ minimum: 1 }),
  idleMax: Type.Integer({ minimum: 0 }),
  persistData: Type.Boolean(),
  /** Of the config service's own state; members are not told. */
  replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.replicas })),
  enabled: Type.Boolean(),
  export: Type.Optional(ExportSchema),
  crtime: Type.Number(),
  valuesFrom: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type WireInstrumentation = Static<typeof WireInstrumentation>;

export function toWire(i: Instrumentation): WireInstrumentation {
  return {
    ...i,
    predicate: toPlainPredicate(i.predicate),
    decomposition: [...i.decomposition],
    fields: { ...i.fields },
  };
}

/** Limits of a client's predicate, plus a customer's restriction. */
const WITH_RESTRICTION = {
  nodesMax: LIMITS.predicateNodes + RESTRICTION_NODES,
  depthMax: LIMITS.predicateDepth + RESTRICTION_DEPTH,
};

/** Throws an INVALID error when the predicate or the decomposition does not fit the fields. */
export function fromWire(wire: WireInstrumentation): Instrumentation {
  const { customer, type, valuesFrom, replicas, export: ways, ...rest } = wire;
  for (const field of wire.decomposition) {
    if (!(field in wire.fields)) throw invalid('decomposition', `names ${field}, whose type is missing`);
  }
  const arities = wire.decomposition.map((field) => FIELD_TYPES[wire.fields[field] ?? 'string'].arity);
  if (new Set(arities).size !== arities.length) {
    throw invalid('decomposition', 'may name one discrete and one numeric field');
  }
  return {
    ...rest,
    ...(customer === undefined ? {} : { customer }),
    ...(type === undefined ? {} : { type }),
    ...(ways === undefined ? {} : { export: ways }),
    ...(valuesFrom === undefined ? {} : { valuesFrom }),
    ...(replicas === undefined ? {} : { replicas }),
    predicate: parsePredicate(wire.predicate, (field) => wire.fields[field], WITH_RESTRICTION),
  };
}
