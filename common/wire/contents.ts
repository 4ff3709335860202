/*
 * What is behind the digests that nodes send: their catalogues, and lists of exceptions. In: what a node answered. Out: the
 * same, typed, or an error. Each travels once for all nodes that have the same.
 */
import { FQID } from '../model/instrumentation';
import type { TextForm } from '../model/metric';
import { checker, Type, type Static } from '../model/schema';
import { Name, TypeNameSchema } from './wire-instrumentation';

const Text = Type.String({ maxLength: 1024 });
const Fqid = Type.String({ pattern: FQID.source });

/** As common/model/text-form.ts has it. */
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

/** What one node offers: the catalogue's words for it, and per source what works and what does not. */
const Metadata = Type.Object({
  modules: Type.Record(Name, Type.Object({ label: Text })),
  fields: Type.Record(Name, Type.Object({ label: Text, type: TypeNameSchema })),
  metrics: Type.Array(MetricSchema, { maxItems: 1000 }),
  /** What no source of this node can observe, and why: so that it is found when somebody looks for it. */
  unavailable: Type.Optional(Type.Array(Type.Object({ ...MetricWords, reason: Text }), { maxItems: 1000 })),
});

const OfferSchema = Type.Object({
  metric: Text,
  source: Name,
  fields: Type.Optional(Type.Array(Name)),
  /** Those among the fields that can be broken down by, and not filtered by. */
  unfiltered: Type.Optional(Type.Array(Name)),
  unavailable: Type.Optional(Text),
});
export type WireOffer = Static<typeof OfferSchema>;

export const PROBE_STATES = ['enabling', 'enabled', 'failed', 'stopped'] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

/** What a node says of itself: its metrics, with their words and where they come from. It travels once for each digest. */
const CatalogueSchema = Type.Object({
  metadata: Metadata,
  offers: Type.Array(OfferSchema, { maxItems: 10_000 }),
});
export type WireCatalogue = Static<typeof CatalogueSchema>;

/**
 * How a node stands with an instrumentation that concerns it, where that is not simply gathered by the first source that
 * can. All of them together travel once for each digest.
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
