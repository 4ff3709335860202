/*
 * The inventory over HTTP: nodes that should exist, and their states. In: requests of operators. Out: rows.
 */
import { ERROR } from '../../../common/api/error';
import {
  EXPECT,
  EXPECTED,
  INVENTORY,
  INVENTORY_QUERY,
  INVENTORY_ROW,
  NODE_STATE_CHANGE,
  type InventoryNode,
} from '../../../common/api/nodes';
import { checker } from '../../../common/model/schema';
import { notFound } from '../../../common/service/errors';
import type { Config } from '../config';
import { parametersOf, queryOf } from './parameters';
import type { Resource } from './resource';

interface NodeParts {
  readonly config: Config;
  /** Revokes a node's credential at the broker, if it was created there. Rejects when the broker cannot be reached. */
  readonly ended: (host: string) => Promise<void>;
  /** Throws CONFLICT while its name cannot be reused. */
  readonly checkForgettable: (host: string) => void;
}

const PAGE = 1000;

const checkQuery = checker(INVENTORY_QUERY, 'query');
const checkExpect = checker(EXPECT, 'body');
const checkChange = checker(NODE_STATE_CHANGE, 'body');

const NOT_FOUND = { description: 'There is no such node.', schema: ERROR };
const INVALID = { description: 'A property is not valid; the error names it.', schema: ERROR };
const UNSAVED = { description: 'It cannot be kept now.', schema: ERROR };

export function nodeResources({ config, ended, checkForgettable }: NodeParts): Resource[] {
  const rowOf = (host: string): InventoryNode => {
    for (const row of config.inventory.rows()) if (row.host === host) return row;
    throw notFound(`node ${JSON.stringify(host)}`);
  };
  return [
    {
      method: 'GET',
      path: '/admin/nodes',
      operatorsOnly: true,
      summary: 'Nodes that there should be, the silent first, and those that are here all the same.',
      query: INVENTORY_QUERY,
      answers: { 200: { description: 'How many, and a page of them.', schema: INVENTORY }, 400: INVALID },
      handle: (request) => {
        const { state, from = 0, limit = PAGE } = checkQuery(queryOf(request, INVENTORY_QUERY));
        const rows = [...config.inventory.rows()].filter((row) => state === undefined || row.state === state);
        rows.sort(
          (a, b) => Number(b.state === 'silent') - Number(a.state === 'silent') || (a.host < b.host ? -1 : 1),
        );
        const { expected, silent, drained, revoked } = config.inventory.summary;
        const nodes = rows.slice(from, from + limit);
        const left = Math.max(0, rows.length - from - nodes.length);
        return { json: { expected, silent, drained, revoked, nodes, left } };
      },
    },
    {
      method: 'POST',
      path: '/admin/nodes',
      operatorsOnly: true,
      summary:
        'These nodes belong to the fleet, whoever made their credentials: silent ones are missed from now on.',
      body: EXPECT,
      answers: {
        200: { description: 'How many are new.', schema: EXPECTED },
        400: INVALID,
        429: { description: 'There are too many.', schema: ERROR },
        503: UNSAVED,
      },
      handle: async (request) => {
        const { hosts = [], online = false } = checkExpect(parametersOf(request, EXPECT));
        const here = online ? config.members.nodes.map(({ host }) => host) : [];
        return { json: { added: await config.inventory.expect([...hosts, ...here]) } };
      },
    },
    {
      method: 'PUT',
      path: '/admin/nodes/:host',
      operatorsOnly: true,
      summary: 'Drain a node for maintenance, take it back, or revoke it: at once and for good.',
      body: NODE_STATE_CHANGE,
      answers: {
        200: { description: 'As it is now.', schema: INVENTORY_ROW },
        400: INVALID,
        404: NOT_FOUND,
        409: { description: 'It is revoked: forget it, and let it join again.', schema: ERROR },
        503: UNSAVED,
      },
      handle: async (request) => {
        const { host = '' } = request.params;
        const { state } = checkChange(parametersOf(request, NODE_STATE_CHANGE));
        const { credential } = await config.inventory.setState(host, state);
        if (state === 'revoked' && credential !== undefined) await ended(host);
        return { json: rowOf(host) };
      },
    },
    {
      method: 'DELETE',
      path: '/admin/nodes/:host',
      operatorsOnly: true,
      summary:
        'Forget a node: it is not missed any more, its credential is not renewed, and its name is free.',
      answers: {
        204: { description: 'Forgotten.' },
        404: NOT_FOUND,
        409: { description: 'It is revoked, and its last credential has not ended.', schema: ERROR },
        503: UNSAVED,
      },
      handle: async (request) => {
        const { host = '' } = request.params;
        checkForgettable(host);
        // Revoke first: after forgetting the node, a failed revocation could not be repeated.
        if (config.inventory.credentialOf(host) !== undefined) await ended(host);
        await config.inventory.forget(host);
        return { status: 204 };
      },
    },
  ];
}
