/*
 * The contents of the digests that nodes send: catalogues, and lists of exceptions. In: a node's answer. Out: the
 * same, typed, or an error. Each is sent once for all nodes that have the same.
 */
import { FQID } from '../model/instrumentation';
import type { TextForm } from '../model/metric';
import { checker, Type, type Static } from '../model/schema';
import { Name, TypeNameSchema } from './wire-instrumentation';

const Text = Type.String({ maxLength: 1024 });
const Fqid = Type.String({ pattern: FQID.source });

/** See common/model/text-form.ts. */
const TextFormSchema = Type.Unsafe<TextForm>({
  type: 'object',
  properties: {
    bytes: { type: 'integer', minimum: 1 },
    is: { type: 'string', enum: ['address', 'number'] },
    values: { type: 'array', maxItems: 64, items: { type: 'string', maxLength: 64 } },
  },
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
});

const MetricWords = {
  module: Name,
  stat: Name,
  label: Text,
  unit: Type.Optional(Text),
  type: Type.Optional(TypeNameSchema),
  interval: Type.Unsafe<'interval' | 'point'>({ type: 'string', enum: ['interval', 'point'] }),
  question: Type.Optional(Text),
  synonyms: Type.Optional(Type.Array(Text, { maxItems: 64 })),
  misses: Type.Optional(Type.Array(Text, { maxItems: 64 })),
  forms: Type.Optional(Type.Record(Name, TextFormSchema)),
  fields: Type.Array(Name, { maxItems: 64 }),
};
const MetricSchema = Type.Object(MetricWords);

/** What one node offers: descriptions, and per source what works and what does not. */
const Metadata = Type.Object({
  modules: Type.Record(Name, Type.Object({ label: Text })),
  fields: Type.Record(Name, Type.Object({ label: Text, type: TypeNameSchema })),
  metrics: Type.Array(MetricSchema, { maxItems: 1000 }),
  /** What no source of this node can observe, with the reason, so that searches find it. */
  unavailable: Type.Optional(Type.Array(Type.Object({ ...MetricWords, reason: Text }), { maxItems: 1000 })),
});

const OfferSchema = Type.Object({
  metric: Text,
  source: Name,
  fields: Type.Optional(Type.Array(Name)),
  /** Fields that can be decomposed by, but not filtered by. */
  unfiltered: Type.Optional(Type.Array(Name)),
  unavailable: Type.Optional(Text),
});
export type WireOffer = Static<typeof OfferSchema>;

export const PROBE_STATES = ['enabling', 'enabled', 'failed', 'stopped'] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

/** A node's catalogue: its metrics, their descriptions and their sources. Sent once per digest. */
const CatalogueSchema = Type.Object({
  metadata: Metadata,
  offers: Type.Array(OfferSchema, { maxItems: 10_000 }),
});
export type WireCatalogue = Static<typeof CatalogueSchema>;

/**
 * State of an instrumentation on a node, where it is not simply gathered by the first source that can.
 * The list of all exceptions is sent once per digest.
 */
const ExceptionSchema = Type.Object({
  fqid: Fqid,
  state: Type.Unsafe<ProbeState>({ type: 'string', enum: PROBE_STATES }),
  source: Type.Optional(Text),
  reason: Type.Optional(Text),
  log: Type.Optional(Type.String({ maxLength: 8192 })),
});
export type Exception = Static<typeof ExceptionSchema>;
const ExceptionsSchema = Type.Array(ExceptionSchema, { maxItems: 100_000 });

const checkCatalogue = checker(CatalogueSchema, 'catalogue');
const checkExceptions = checker(ExceptionsSchema, 'exceptions');

/** Throws an INVALID error for anything else. */
export function readCatalogue(plain: unknown): WireCatalogue {
  return checkCatalogue(plain);
}

export function readExceptions(plain: unknown): Exception[] {
  return checkExceptions(plain);
}
