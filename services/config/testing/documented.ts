/*
 * Holds answers of tests against the API's description. In: method, path, status, JSON. Out: nothing, or an error that
 * says in what the answer is not as described. Answers hold no property that is not described, either.
 */
import { ERROR } from '../../../common/api/error';
import type { ConfigStatus } from '../../../common/api/status';
import { checker, type Check, type TSchema } from '../../../common/model/schema';
import type { Config } from '../config';
import type { Proxy } from '../door/upstream/proxy';
import { CUSTOMER_BASE, operatorPath, type Resource } from '../api/resource';
import { joinResources } from '../api/join-resources';
import { aggregatorResources } from '../api/aggregator-resources';
import { nodeResources } from '../api/node-resources';
import { resources } from '../api/resources';
import { metricsResources } from '../prometheus/metrics';
import { readApiResources } from '../prometheus/read-api';

/** The list without a service behind it: handlers are never called here. */
const NO_SERVICE = { config: undefined as unknown as Config, proxy: undefined as unknown as Proxy };
export const ALL: readonly Resource[] = [
  ...resources({
    ...NO_SERVICE,
    status: () => undefined as unknown as ConfigStatus,
    statusOfAll: () => Promise.reject(new Error('handlers are never called here')),
  }),
  ...aggregatorResources(NO_SERVICE.config),
  ...nodeResources({ ...NO_SERVICE, ended: () => Promise.resolve(), checkForgettable: () => undefined }),
  ...joinResources({} as Parameters<typeof joinResources>[0]),
  ...metricsResources({} as Parameters<typeof metricsResources>[0]),
  ...readApiResources({ ...NO_SERVICE, now: () => 0 }),
];

const checks = new Map<TSchema, Check<unknown>>();

/** Paths that are no resources (the page, health, the description itself) are passed over. */
export function checkDocumented(method: string, url: string, status: number, json: unknown): void {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/$/, '');
  const resource = ALL.find(
    (r) => r.method === method && patternsOf(r).some((pattern) => pattern.test(path)),
  );
  if (status >= 400) {
    check(resource?.answers[status]?.schema ?? ERROR, json);
    return;
  }
  if (resource === undefined) return;
  const answer = resource.answers[status];
  if (answer === undefined) throw new Error(`${method} ${url} answers ${status}, which is not described`);
  if (answer.schema === undefined) return;
  check(answer.schema, json);
  const unknown = undescribed(answer.schema, json);
  if (unknown !== undefined)
    throw new Error(`${method} ${url} answers with ${unknown}, which is not described`);
}

/** The first property of the answer, or of a member of its list, that the description does not know. */
function undescribed(schema: TSchema, json: unknown): string | undefined {
  const choices = (schema['anyOf'] ?? [schema]) as TSchema[];
  const object = choices.find((one) => one['properties'] !== undefined);
  if (Array.isArray(json)) {
    const items = choices.find((one) => one['items'] !== undefined)?.['items'] as TSchema | undefined;
    return items === undefined ? undefined : json.map((one) => undescribed(items, one)).find((name) => name);
  }
  if (object?.['additionalProperties'] === true) return undefined;
  if (object === undefined || typeof json !== 'object' || json === null) return undefined;
  return Object.keys(json).find((name) => !(name in (object['properties'] as object)));
}

function check(schema: TSchema, json: unknown): void {
  const known = checks.get(schema) ?? checker(schema, 'answer');
  checks.set(schema, known);
  known(json);
}

function patternsOf(resource: Resource): RegExp[] {
  return [operatorPath(resource), CUSTOMER_BASE + resource.path].map(
    (path) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`),
  );
}
