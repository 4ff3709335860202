/*
 * The API's description: OpenAPI 3.1, made of the same list and the same schemas that answer and validate requests.
 * In: the resources. Out: one JSON document.
 */
import { BOARD, BOARD_BODY } from '../../../common/api/board';
import { CATALOGUE, TRANSFORMATIONS } from '../../../common/api/catalogue';
import { ERROR } from '../../../common/api/error';
import { CHANGES, INSTRUMENTATION, QUESTION } from '../../../common/api/instrumentation';
import { ERRORS } from '../../../common/service/errors';
import type { TSchema } from '../../../common/model/schema';
import { API_VERSION } from '../door/gate';
import { CUSTOMER_BASE, operatorPath, type Answer, type Resource } from './resource';

/** Shapes that have a name of their own in the document. */
const NAMED = new Map<TSchema, string>([
  [ERROR, 'Error'],
  [CATALOGUE, 'Catalogue'],
  [INSTRUMENTATION, 'Instrumentation'],
  [TRANSFORMATIONS, 'Transformations'],
  [QUESTION, 'Question'],
  [CHANGES, 'Changes'],
  [BOARD, 'Board'],
  [BOARD_BODY, 'BoardBody'],
]);

type Json = Readonly<Record<string, unknown>>;

const PARAMETERS = new Map([
  ['custid', { pattern: '^[A-Za-z0-9][\\w-]{0,63}$', description: 'A customer.' }],
  ['id', { pattern: '^[1-9]\\d{0,14}$', description: 'An instrumentation or a board, within its scope.' }],
  ['host', { pattern: '^[A-Za-z0-9]([\\w.-]{0,198}\\w)?$', description: 'A node.' }],
  ['token', { pattern: '^[0-9a-f]{12}$', description: 'The id of a token by which nodes join.' }],
  ['name', { pattern: '^[A-Za-z_]\\w*$', description: 'A label.' }],
]);

export function openApi(resources: readonly Resource[]): Json {
  const paths = new Map<string, Map<string, Json>>();
  const add = (whole: string, resource: Resource, scoped = false): void => {
    const path = pathOf(whole);
    const methods = paths.get(path) ?? new Map<string, Json>();
    paths.set(path, methods.set(resource.method.toLowerCase(), operationOf(whole, resource, scoped)));
  };
  for (const resource of resources) {
    add(operatorPath(resource), resource);
    if (resource.operatorsOnly !== true) add(CUSTOMER_BASE + resource.path, resource, true);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cloud Analytics',
      version: API_VERSION.slice(3),
      summary: 'Ask the kernels of a fleet, and see the answer second by second.',
      description:
        'Parameters go as JSON, as a form, or in the query string. Operators use /ca, customers /ca/customers/{custid}. ' +
        'Where the deployment has tokens, each request carries one.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'operators', description: 'Everything.' },
      { name: 'customers', description: 'What belongs to one customer.' },
    ],
    security: [{}, { bearer: [] }, { basic: [] }],
    paths: Object.fromEntries([...paths].map(([path, methods]) => [path, Object.fromEntries(methods)])),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'Any name; the token is the password.' },
      },
      schemas: Object.fromEntries([...NAMED].map(([schema, name]) => [name, referring(schema, schema)])),
    },
  };
}

/** /ca/instrumentations/:id -> /ca/instrumentations/{id} */
export function pathOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationOf(whole: string, resource: Resource, scoped: boolean): Json {
  const { summary, query, body, answers } = resource;
  const inPath = [...whole.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const { pattern, description } = PARAMETERS.get(name) ?? { pattern: '.', description: '' };
    return { name, in: 'path', required: true, description, schema: { type: 'string', pattern } };
  });
  const needed = (query?.['required'] ?? []) as readonly string[];
  const inQuery = Object.entries((query?.['properties'] ?? {}) as Record<string, TSchema>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      required: needed.includes(name),
      description,
      schema,
    }),
  );
  return {
    operationId: operationId(resource, scoped),
    tags: [scoped ? 'customers' : 'operators'],
    summary,
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: {
              'application/json': { schema: referring(body) },
              'application/x-www-form-urlencoded': { schema: referring(body) },
            },
          },
        }),
    responses: Object.fromEntries([
      ...Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)]),
      ['4XX', responseOf({ description: 'The request is wrong; the error names the field.', schema: ERROR })],
      ['5XX', responseOf({ description: 'It cannot be done now; Retry-After says when.', schema: ERROR })],
    ]),
  };
}

function responseOf({ description, schema, contentTypes }: Answer): Json {
  const types = contentTypes ?? (schema === undefined ? [] : ['application/json']);
  const shown = schema === undefined ? {} : referring(schema);
  if (types.length === 0) return { description };
  return {
    description,
    content: Object.fromEntries(
      types.map((type) => [type, type === 'application/json' ? { schema: shown } : {}]),
    ),
  };
}

/** The schema, with references to named ones; `itself` is spelled out. */
function referring(schema: TSchema, itself?: TSchema): Json {
  const text = JSON.stringify(schema, (_key, value: unknown) => {
    const name = value === itself ? undefined : NAMED.get(value as TSchema);
    return name === undefined ? value : { $ref: `#/components/schemas/${name}` };
  });
  return JSON.parse(text) as Json;
}

/** get_instrumentations_id_value, customer_get_…, root_get_… of what is not below /ca */
function operationId({ method, path, base }: Resource, scoped: boolean): string {
  const words = path.split(/\W+/).filter((word) => word !== '');
  return [
    ...(scoped ? ['customer'] : base === '' ? ['root'] : []),
    method.toLowerCase(),
    ...(words.length === 0 ? ['catalogue'] : words),
  ].join('_');
}

/** Every code that an error may carry. */
export const ERROR_CODES = Object.entries(ERRORS).map(([code, { status, text }]) => ({ code, status, text }));
