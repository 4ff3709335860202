/*
 * Aggregators over HTTP: which there are, and draining them before maintenance. In: requests of operators. Out: rows.
 */
import {
  AGGREGATOR_STATE_CHANGE,
  AGGREGATORS,
  DRAINED,
  type AggregatorRow,
} from '../../../common/api/aggregators';
import { ERROR } from '../../../common/api/error';
import { checker } from '../../../common/model/schema';
import { notFound } from '../../../common/service/errors';
import type { Config } from '../config';
import { parametersOf } from './parameters';
import type { Resource } from './resource';

const checkChange = checker(AGGREGATOR_STATE_CHANGE, 'body');

export function aggregatorResources(config: Config): Resource[] {
  const rows = (): AggregatorRow[] => {
    const { loads } = config.reconciler;
    const online = new Map(config.members.aggregators.map((one) => [one.instance, one]));
    return [...new Set([...online.keys(), ...loads.keys()])].sort().map((instance) => {
      const host = online.get(instance)?.host;
      const instrumentations = loads.get(instance) ?? 0;
      const isDrained = config.drains.has({ instance });
      const state =
        host === undefined
          ? ('away' as const)
          : !isDrained
            ? ('online' as const)
            : instrumentations > 0
              ? ('draining' as const)
              : ('drained' as const);
      return { instance, ...(host === undefined ? {} : { host }), state, instrumentations };
    });
  };
  return [
    {
      method: 'GET',
      path: '/admin/aggregators',
      operatorsOnly: true,
      summary: 'Aggregators, how much each has, and which are drained.',
      answers: { 200: { description: 'All of them.', schema: AGGREGATORS } },
      handle: () => ({ json: { aggregators: rows(), drained: [...config.drains.names] } }),
    },
    {
      method: 'PUT',
      path: '/admin/aggregators/:name',
      operatorsOnly: true,
      summary: 'Drain an aggregator, or all of a host, before maintenance; or use it again.',
      body: AGGREGATOR_STATE_CHANGE,
      answers: {
        200: { description: 'As they are now: drained, once they have nothing left.', schema: DRAINED },
        400: { description: 'A property is not valid; the error names it.', schema: ERROR },
        404: { description: 'There is no aggregator or host of that name.', schema: ERROR },
        503: { description: 'It cannot be kept now.', schema: ERROR },
      },
      handle: async (request) => {
        const { name = '' } = request.params;
        const { state } = checkChange(parametersOf(request, AGGREGATOR_STATE_CHANGE));
        const named = ({ instance, host }: AggregatorRow): boolean => instance === name || host === name;
        if (!rows().some(named) && !config.drains.names.has(name))
          throw notFound(`aggregator or host ${JSON.stringify(name)}`);
        await config.drains.set(name, state === 'drained');
        const aggregators = rows().filter(named);
        const instrumentations = aggregators.reduce((sum, row) => sum + row.instrumentations, 0);
        return { json: { aggregators, instrumentations } };
      },
    },
  ];
}
