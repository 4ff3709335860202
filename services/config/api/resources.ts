/*
 * The REST API, one entry per resource. In: requests. Out: results of config.ts as JSON; values come from the
 * aggregator that has them. Next on the walk: www/page.ts.
 */
import {
  CATALOGUE,
  CATALOGUE_QUERY,
  LEGACY_METRICS,
  LEGACY_TYPES,
  TRANSFORMATIONS,
} from '../../../common/api/catalogue';
import { ERROR } from '../../../common/api/error';
import {
  CHANGES,
  CLONE,
  INSTRUMENTATION,
  INSTRUMENTATIONS,
  LIST_QUERY,
  NODES_QUERY,
  QUESTION,
  type InstrumentationAnswer,
} from '../../../common/api/instrumentation';
import { STATUS, STATUS_QUERY, type ConfigStatus } from '../../../common/api/status';
import type { Reply } from '../../../common/http/http';
import { shapeOfInstrumentation, type Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { checker } from '../../../common/model/schema';
import type { Catalogue } from '../fleet/catalogue';
import type { Config } from '../config';
import { boardResources } from './board-resources';
import { withOtherSide } from './other-side';
import { queryOf } from './parameters';
import { legacyMetrics, legacyTypes } from './legacy';
import {
  instrumentationPath,
  plainTransformations,
  presentCatalogue,
  presentInstrumentation,
} from './present';
import { EVERYTHING, profileOf } from './profile';
import { SHAPE_HINT, type Proxy } from '../door/upstream/proxy';
import { readChanges, readClone, readQuestion } from './question';
import type { Resource } from './resource';
import { VALUE_RESOURCES } from './value-resources';

export interface Services {
  readonly config: Config;
  readonly proxy: Proxy;
  readonly status: () => ConfigStatus;
  /** The same, with each member's own status; `timeoutMs` bounds the wait for members. */
  readonly statusOfAll: (timeoutMs: number) => Promise<ConfigStatus>;
}

const checkNodes = checker(NODES_QUERY, 'query');
const checkStatus = checker(STATUS_QUERY, 'query');
const checkDescribe = checker(CATALOGUE_QUERY, 'query');
const checkList = checker(LIST_QUERY, 'query');

const NOT_FOUND = { description: 'There is no such instrumentation.', schema: ERROR };
const INVALID = { description: 'A property is not valid; the error names it.', schema: ERROR };
const NOBODY = {
  description: 'No aggregator is there to do it; Retry-After says when to ask again.',
  schema: ERROR,
};

interface NodesPage {
  readonly from: number;
  readonly limit: number;
}

const FIRST_NODES: NodesPage = { from: 0, limit: LIMITS.nodesShown };

export function resources({ config, proxy, status, statusOfAll }: Services): Resource[] {
  const present = (i: Instrumentation, page?: NodesPage): InstrumentationAnswer =>
    presentInstrumentation(i, config.standing(i, page), config.transformations);
  const created = (i: Instrumentation): Reply => ({
    status: 201,
    headers: { Location: instrumentationPath(i) },
    json: present(i, FIRST_NODES),
  });

  const forwardValue: Resource['handle'] = async (asked, customer) => {
    const record = config.get(asked.params['id'] ?? '', customer);
    const { granularity } = record.instrumentation;
    const request = await withOtherSide({ config, proxy }, { request: asked, record, customer });
    const [home, ...others] = config.homes.of(record);
    const headers = {
      ...(request === asked ? {} : { 'content-type': 'application/json' }),
      // Lets an aggregator that does not know the instrumentation yet answer its zero.
      [SHAPE_HINT]: shapeOfInstrumentation(record.instrumentation),
      'x-ca-instn-granularity': String(granularity),
    };
    return proxy.forward(request, home, headers, others);
  };

  return [
    {
      method: 'GET',
      path: '',
      summary: 'What can be asked: modules, fields, types, metrics, transformations.',
      query: CATALOGUE_QUERY,
      answers: {
        200: { description: 'The catalogue, limited to what nodes offer now.', schema: CATALOGUE },
      },
      handle: (request, customer) => {
        const { profile, search } = checkDescribe(queryOf(request, CATALOGUE_QUERY));
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
      answers: { 200: { description: 'By module and stat.', schema: LEGACY_METRICS } },
      handle: (_request, customer) => ({ json: legacyMetrics(config.catalogueFor(customer)) }),
    },
    {
      method: 'GET',
      path: '/types',
      summary: 'The types as the first clients knew them.',
      answers: { 200: { description: 'Type and arity.', schema: LEGACY_TYPES } },
      handle: () => ({ json: legacyTypes }),
    },
    {
      method: 'GET',
      path: '/transformations',
      summary: 'What can be explained besides values.',
      answers: { 200: { description: 'By name.', schema: TRANSFORMATIONS } },
      handle: () => ({ json: plainTransformations(config.transformations) }),
    },
    {
      method: 'GET',
      path: '/instrumentations',
      summary: 'All instrumentations of the scope.',
      query: LIST_QUERY,
      answers: { 200: { description: 'In order of creation.', schema: INSTRUMENTATIONS } },
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
        201: { description: 'Made, and on disk; nodes follow.', schema: INSTRUMENTATION },
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
      answers: { 200: { description: 'It.', schema: INSTRUMENTATION }, 404: NOT_FOUND },
      handle: (request, customer) => {
        const { nodes = FIRST_NODES.limit, nodes_from: from = 0 } = checkNodes(queryOf(request, NODES_QUERY));
        const { instrumentation } = config.get(request.params['id'] ?? '', customer);
        return { json: present(instrumentation, { from, limit: nodes }) };
      },
    },
    {
      method: 'PUT',
      path: '/instrumentations/:id',
      summary:
        'Change retention-time, idle-max, persist-data, replicas or enabled; other properties are passed over.',
      body: CHANGES,
      answers: {
        200: { description: 'As it is now.', schema: INSTRUMENTATION },
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
        201: { description: 'Made.', schema: INSTRUMENTATION },
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
    ...boardResources({ config }),
    {
      method: 'GET',
      path: '/admin/status',
      operatorsOnly: true,
      summary: 'Members, instrumentations, and how it stands with each.',
      answers: { 200: { description: 'For people and monitors.', schema: STATUS } },
      query: STATUS_QUERY,
      handle: async (request) => {
        const { recurse, timeout = 5 } = checkStatus(queryOf(request, STATUS_QUERY));
        return { json: recurse === true ? await statusOfAll(timeout * 1000) : status() };
      },
    },
  ];
}
