/* Boards over HTTP (state/boards.ts). In: requests. Out: boards of the scope, each with its revision. */
import { BOARD, BOARD_BODY, BOARDS, type BoardAnswer } from '../../../common/api/board';
import { ERROR } from '../../../common/api/error';
import type { Reply } from '../../../common/http/http';
import type { Config } from '../config';
import type { StoredBoard } from '../state/board-store';
import { readBoard } from './board';
import { CUSTOMER_BASE, OPERATOR_BASE, type Resource } from './resource';

const INVALID = { description: 'A property is not valid; the error names it.', schema: ERROR };
const NOT_FOUND = { description: 'There is no such board.', schema: ERROR };
const CONFLICT = {
  description: 'Another board has this name, it was changed since, or there are as many as there may be.',
  schema: ERROR,
};

export function boardResources({ config }: { readonly config: Config }): Resource[] {
  const idOf = (request: { readonly params: Readonly<Record<string, string>> }): string =>
    request.params['id'] ?? '';
  /** Throws FORBIDDEN where nothing belongs to the customer: what it could not ask, it does not keep. */
  const allow = (customer: string | undefined): void => {
    config.catalogueToAsk(customer);
  };
  return [
    {
      method: 'GET',
      path: '/boards',
      summary: 'All boards of the scope: sets of questions that people keep open together.',
      answers: { 200: { description: 'In order of creation.', schema: BOARDS } },
      handle: (_request, customer) => ({ json: config.boards.list(customer).map(present) }),
    },
    {
      method: 'POST',
      path: '/boards',
      summary: 'Keep a board. Nothing is gathered by that: whoever opens it asks.',
      body: BOARD_BODY,
      answers: { 201: { description: 'On disk.', schema: BOARD }, 400: INVALID, 409: CONFLICT },
      handle: async (request, customer) => {
        allow(customer);
        const stored = await config.boards.create(readBoard(request).board, customer);
        const json = present(stored);
        return { status: 201, headers: { Location: json.uri }, json };
      },
    },
    {
      method: 'GET',
      path: '/boards/:id',
      summary: 'One board.',
      answers: { 200: { description: 'It.', schema: BOARD }, 404: NOT_FOUND },
      handle: (request, customer) => ({ json: present(config.boards.get(idOf(request), customer)) }),
    },
    {
      method: 'PUT',
      path: '/boards/:id',
      summary: 'Replace a board; with its revision only if nobody changed it since.',
      body: BOARD_BODY,
      answers: {
        200: { description: 'As it is now.', schema: BOARD },
        400: INVALID,
        404: NOT_FOUND,
        409: CONFLICT,
      },
      handle: async (request, customer): Promise<Reply> => {
        allow(customer);
        const { board, revision } = readBoard(request);
        return { json: present(await config.boards.replace(idOf(request), customer, board, revision)) };
      },
    },
    {
      method: 'DELETE',
      path: '/boards/:id',
      summary: 'Forget a board; what it asked goes on until it is idle.',
      answers: { 204: { description: 'Deleted.' }, 404: NOT_FOUND },
      handle: async (request, customer) => {
        await config.boards.remove(idOf(request), customer);
        return { status: 204 };
      },
    },
  ];
}

function present({ id, customer, revision, changed, board }: StoredBoard): BoardAnswer {
  const base = customer === undefined ? OPERATOR_BASE : CUSTOMER_BASE.replace(':custid', customer);
  return { id, uri: `${base}/boards/${id}`, revision, changed, ...board };
}
