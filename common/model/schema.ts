/*
 * Schemas of untrusted input, written once: TypeBox describes them, ajv checks them.
 * In: a schema and something unknown. Out: the same thing, typed, or an error that names the field.
 * The schemas are JSON Schema as they stand: the OpenAPI document is made of them.
 */
import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { invalid } from '../service/errors';
import { counted } from './unit';

export { Type };
export type { Static, TProperties, TSchema };

/** strict: an unknown keyword is our mistake; a test compiles every schema. */
const ajv = new Ajv({ strict: true, allErrors: false, useDefaults: true });

/** A checker: returns the value, typed, or throws an INVALID error. */
export type Check<T> = (value: unknown) => T;

/** `whole` names the value where the error is not inside one of its properties. */
export function checker<S extends TSchema>(schema: S, whole: string): Check<Static<S>> {
  // Compiled on first use: all message schemas take 0.2 s to compile, and most processes use few of them.
  let compiled: ValidateFunction<Static<S>> | undefined;
  return (value) => {
    const validate = (compiled ??= ajv.compile<Static<S>>(schema));
    if (validate(value)) return value;
    const [error] = validate.errors ?? [];
    throw error === undefined ? invalid(whole, 'is not valid') : describe(error, whole);
  };
}

function describe(error: ErrorObject, whole: string): Error {
  const path = error.instancePath.split('/').slice(1).join('.');
  const params = error.params as Record<string, unknown>;
  const field = path === '' ? whole : path;
  switch (error.keyword) {
    case 'required':
      return invalid(joined(path, params['missingProperty']), 'is missing');
    case 'additionalProperties':
      return invalid(joined(path, params['additionalProperty']), 'is not known here');
    case 'enum':
      return invalid(field, `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`);
    case 'const':
      return invalid(field, `must be ${JSON.stringify(params['allowedValue'])}`);
    case 'maxItems':
      return invalid(field, `may have at most ${counted(Number(params['limit']), 'entries')}`);
    case 'minItems':
      return invalid(field, `must have at least ${counted(Number(params['limit']), 'entries')}`);
    case 'maxLength':
      return invalid(field, `may have at most ${counted(Number(params['limit']), 'characters')}`);
    case 'minLength':
      return invalid(field, `must have at least ${counted(Number(params['limit']), 'characters')}`);
    case 'minimum':
      return invalid(field, `must be at least ${String(params['limit'])}`);
    case 'maximum':
      return invalid(field, `must be at most ${String(params['limit'])}`);
    case 'type':
      return invalid(field, `must be ${TYPES[String(params['type'])] ?? String(params['type'])}`);
    case 'pattern':
      return invalid(field, `must look like ${String(params['pattern'])}`);
    default:
      return invalid(field, error.message ?? 'is not valid');
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function joined(path: string, property: unknown): string {
  return path === '' ? String(property) : `${path}.${String(property)}`;
}
