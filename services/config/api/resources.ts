/*
 * The REST API, one entry a resource. In: requests. Out: what config.ts knows and does, as JSON; values come from the
 * aggregator that has them. Next on the walk: www/page.ts.
 */
import type { Reply } from '../../../common/http/http';
import { shapeOfInstrumentation, type Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { checker, Type } from '../../../common/model/schema';
import type { Catalogue } from '../fleet/catalogue';
import type { Config } from '../config';
import { queryOf } from './parameters';
import { LEGACY_TYPES, legacyMetrics } from './legacy';
import {
  instrumentationPath,
  plainTransformations,
  presentCatalogue,
  presentInstrumentation,
} from './present';
import { EVERYTHING, profileOf } from './profile';
import type { Proxy } from '../door/proxy';
import { CHANGES, CLONE, QUESTION, readChanges, readClone, readQuestion } from './question';
import type { Resource } from './resource';
import * as shape from './shapes';
import type { Status } from './status';
import { VALUE_RESOURCES } from './value-resources';

export interface Services {
  readonly config: Config;
  readonly proxy: Proxy;
  readonly status: () => Status;
  /** The same, with what each member says of itself; members may take so long. */
  readonly statusOfAll: (timeoutMs: number) => Promise<unknown>;
}

const DESCRIBE_QUERY = Type.Object({
  profile: Type.Optional(
    Type.Unsafe<'operator' | 'customer' | 'none'>({
      type: 'string',
      enum: ['operator', 'customer', 'none'],
      description: 'Operators only: the view of another profile; none: all that nodes offer.',
    }),
  ),
  search: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        'Only metrics that have these words in their name, synonyms, question or fields; best first.',
    }),
  ),
});
const LIST_QUERY = Type.Object({
  all: Type.Optional(Type.Boolean({ description: 'Operators only: also those of customers.' })),
});
const NODES_QUERY = Type.Object({
  nodes: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.nodesShownMax,
      description: `Operators only: how many nodes to name, those in trouble first; default ${LIMITS.nodesShown}. \`state\` counts all.`,
    }),
  ),
  nodes_from: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Operators only: leave out as many of them: the next page.' }),
  ),
});
const STATUS_QUERY = Type.Object({
  recurse: Type.Optional(Type.Boolean({ description: 'Also what each member says of itself.' })),
  timeout: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.statusMembersSecondsMax,
      description: 'Seconds that members may take to answer; default 5.',
    }),
  ),
});
const checkNodes = checker(NODES_QUERY, 'query');
const checkStatus = checker(STATUS_QUERY, 'query');
const checkDescribe = checker(DESCRIBE_QUERY, 'query');
const checkList = checker(LIST_QUERY, 'query');

const NOT_FOUND = { description: 'There is no such instrumentation.', schema: shape.ERROR };
const INVALID = { description: 'A property is not valid; the error names it.', schema: shape.ERROR };
const NOBODY = {
  description: 'No aggregator is there to do it; Retry-After says when to ask again.',
  schema: shape.ERROR,
};

interface NodesPage {
  readonly from: number;
  readonly limit: number;
}

const FIRST_NODES: NodesPage = { from: 0, limit: LIMITS.nodesShown };

export function resources({ config, proxy, status, statusOfAll }: Services): Resource[] {
  const present = (i: Instrumentation, page?: NodesPage): unknown =>
    presentInstrumentation(i, config.standing(i, page), config.transformations);
  const created = (i: Instrumentation): Reply => ({
    status: 201,
    headers: { Location: instrumentationPath(i) },
    json: present(i, FIRST_NODES),
  });

  const forwardValue: Resource['handle'] = (request, customer) => {
    const record = config.get(request.params['id'] ?? '', customer);
    const { granularity } = record.instrumentation;
    return proxy.forward(request, config.homeOf(record), {
      // An aggregator that has not heard of it yet answers its zero.
      'x-ca-instn-shape': shapeOfInstrumentation(record.instrumentation),
      'x-ca-instn-granularity': String(granularity),
    });
  };

  return [
    {
      method: 'GET',
      path: '',
      summary: 'What can be asked: modules, fields, types, metrics, transformations.',
      query: DESCRIBE_QUERY,
      answers: {
        200: { description: 'The catalogue, limited to what nodes offer now.', schema: shape.CATALOGUE },
      },
      handle: (request, customer) => {
        const { profile, search } = checkDescribe(queryOf(request, DESCRIBE_QUERY));
        const asked: Catalogue =
          customer !== undefined || profile === undefined || profile === 'operator'
            ? config.catalogueFor(customer)
            : profile === 'customer'
              ? config.catalogue(profileOf(''))
              : config.catalogue(EVERYTHING);
        return { json: presentCatalogue(asked, config.transformations, search) };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: 'The metrics as the first clients knew them; GET /ca says more.',
      answers: { 200: { description: 'By module and stat.', schema: shape.LEGACY_METRICS } },
      handle: (_request, customer) => ({ json: legacyMetrics(config.catalogueFor(customer)) }),
    },
    {
      method: 'GET',
      path: '/types',
      summary: 'The types as the first clients knew them.',
      answers: { 200: { description: 'Type and arity.', schema: shape.LEGACY_TYPES } },
      handle: () => ({ json: LEGACY_TYPES }),
    },
    {
      method: 'GET',
      path: '/transformations',
      summary: 'What can be explained besides values.',
      answers: { 200: { description: 'By name.', schema: shape.TRANSFORMATIONS } },
      handle: () => ({ json: plainTransformations(config.transformations) }),
    },
    {
      method: 'GET',
      path: '/instrumentations',
      summary: 'All instrumentations of the scope.',
      query: LIST_QUERY,
      answers: { 200: { description: 'In order of creation.', schema: shape.INSTRUMENTATIONS } },
      handle: (request, customer) => {
        const { all } = checkList(queryOf(request, LIST_QUERY));
        const everything = all === true && customer === undefined;
        return { json: config.list(customer, everything).map((i) => present(i)) };
      },
    },
    {
      method: 'POST',
      path: '/instrumentations',
      summary: 'Ask: nodes start gathering.',
      body: QUESTION,
      answers: {
        201: { description: 'Made, and on disk; nodes follow.', schema: shape.INSTRUMENTATION },
        400: INVALID,
        503: NOBODY,
      },
      handle: async (request, customer) =>
        created(
          await config.create(readQuestion(request, config.catalogueToAsk(customer), customer), customer),
        ),
    },
    {
      method: 'GET',
      path: '/instrumentations/:id',
      summary: 'One instrumentation, and how it stands on nodes.',
      query: NODES_QUERY,
      answers: { 200: { description: 'It.', schema: shape.INSTRUMENTATION }, 404: NOT_FOUND },
      handle: (request, customer) => {
        const { nodes = FIRST_NODES.limit, nodes_from: from = 0 } = checkNodes(queryOf(request, NODES_QUERY));
        const { instrumentation } = config.get(request.params['id'] ?? '', customer);
        return { json: present(instrumentation, { from, limit: nodes }) };
      },
    },
    {
      method: 'PUT',
      path: '/instrumentations/:id',
      summary: 'Change retention-time, idle-max, persist-data or enabled; other properties are passed over.',
      body: CHANGES,
      answers: {
        200: { description: 'As it is now.', schema: shape.INSTRUMENTATION },
        400: INVALID,
        404: NOT_FOUND,
      },
      handle: async (request, customer) => {
        const { instrumentation } = config.get(request.params['id'] ?? '', customer);
        const changed = await config.change(instrumentation, (current) => readChanges(request, current));
        return { json: present(changed, FIRST_NODES) };
      },
    },
    {
      method: 'DELETE',
      path: '/instrumentations/:id',
      summary: 'Nodes stop gathering, the data is gone.',
      answers: { 204: { description: 'Deleted.' }, 404: NOT_FOUND },
      handle: async (request, customer) => {
        await config.remove(config.get(request.params['id'] ?? '', customer));
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: '/instrumentations/:id/clone',
      summary: 'A new one like this one, but for the properties given.',
      body: CLONE,
      answers: {
        201: { description: 'Made.', schema: shape.INSTRUMENTATION },
        400: INVALID,
        404: NOT_FOUND,
        503: NOBODY,
      },
      handle: async (request, customer) => {
        const source = config.get(request.params['id'] ?? '', customer).instrumentation;
        return created(
          await config.create(readClone(request, config.catalogueToAsk(customer), source), customer),
        );
      },
    },
    ...VALUE_RESOURCES.map(({ path, answers, ...described }): Resource => ({
      ...described,
      method: 'GET',
      path: `/instrumentations/:id/value${path}`,
      answers: { ...answers, 400: INVALID, 404: NOT_FOUND, 503: NOBODY },
      handle: forwardValue,
    })),
    {
      method: 'GET',
      path: '/admin/status',
      operatorsOnly: true,
      summary: 'Members, instrumentations, and how it stands with each.',
      answers: { 200: { description: 'For people and monitors.', schema: shape.STATUS } },
      query: STATUS_QUERY,
      handle: async (request) => {
        const { recurse, timeout = 5 } = checkStatus(queryOf(request, STATUS_QUERY));
        return { json: recurse === true ? await statusOfAll(timeout * 1000) : status() };
      },
    },
  ];
}
