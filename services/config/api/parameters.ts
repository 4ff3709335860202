/*
 * One object of parameters from JSON, form and query. In: a request, and a schema.
 * Out: values of the schema's types, where text could be parsed; the caller checks them against the schema.
 */
import { invalid } from '../../../common/service/errors';
import type { Request } from '../../../common/http/http';
import type { TSchema } from '../../../common/model/schema';

type Properties = Readonly<Record<string, TSchema>>;

/**
 * A JSON body is used alone, and unknown names in it reach the checker; without one, form and query are read,
 * where unknown names are ignored (browsers add their own). Names in `ignored` are omitted.
 */
export function parametersOf(
  request: Request,
  schema: { readonly properties: Properties },
  ignored: readonly string[] = [],
): Record<string, unknown> {
  const { properties } = schema;
  const { json } = request;
  if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json))) {
    throw invalid('body', 'must be a JSON object');
  }
  const given: [string, unknown][] =
    json === undefined
      ? [...request.query].filter(([name]) => Object.hasOwn(properties, name))
      : Object.entries(json);
  return Object.fromEntries(
    given
      .filter(([name]) => !ignored.includes(name))
      .map(([name, value]) => [
        name,
        typed(name, value, Object.hasOwn(properties, name) ? properties[name] : undefined),
      ]),
  );
}

/** The same for requests without a meaningful body. */
export function queryOf(
  request: Request,
  schema: { readonly properties: Properties },
): Record<string, unknown> {
  return parametersOf({ ...request, json: undefined }, schema);
}

/**
 * Text in the place of a number, a boolean, a list or an object is parsed; "5abc" stays text, and fails the check.
 * A name that is repeated in a form or query is a list of exactly these texts.
 */
function typed(name: string, value: unknown, schema: TSchema | undefined): unknown {
  if (Array.isArray(value) && schema !== undefined && schema['type'] !== 'array') {
    throw invalid(name, 'must be one value, not several');
  }
  if (typeof value !== 'string') return value;
  switch (schema?.['type']) {
    case 'integer':
      return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    case 'number':
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'array':
      if (value.startsWith('[')) return parseJson(name, value);
      return value === '' ? [] : value.split(',').map((item) => item.trim());
    case 'object':
      return parseJson(name, value);
    default:
      return value;
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(name, 'is not JSON');
  }
}
