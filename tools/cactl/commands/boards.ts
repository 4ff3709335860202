/* `cactl boards`: sets of questions with a name, kept on the server; as a list, or as a file for `cactl apply`. */
import { CaError } from '../../../common/service/errors';
import { counted } from '../../../common/model/unit';
import { nearest } from '../../../common/model/nearest';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { table } from '../../cli/screen/table';
import { jsonText, visible } from '../../cli/screen/visible';
import { documentText } from '../../cli/system/document';
import { description } from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { boardsDocument, type BoardResource } from '../wanted-boards';

const ACTIONS = ['list', 'export', 'delete'];

export const boards: Command = {
  name: 'boards',
  about: 'sets of questions that people keep open together',
  details: [
    'Without an argument: the boards that the server keeps. "export" prints all of them, or those named (by name or id), as ' +
      'YAML, which "cactl apply -f" makes again, here or on another deployment. "delete" forgets those named; what they asked ' +
      'goes on until nobody looks.',
    'A board asks nothing by itself: whoever opens it in the page does, and what runs already is shared.',
  ],
  arguments: [
    { name: 'ACTION', about: 'list (default), export or delete', optional: true, complete: ACTIONS },
    { name: 'BOARD', about: 'its name or id', optional: true, repeat: true },
  ],
  options: [],
  examples: [
    { line: 'cactl boards', about: 'Which are there?' },
    { line: 'cactl boards export > boards.yaml', about: 'Into version control.' },
    {
      line: "cactl boards export 'Slow requests' | cactl apply -f - --yes --keep-others --url https://other/",
      about: 'To another deployment.',
    },
  ],
  async run({ args, session }) {
    const [action = 'list', ...names] = args;
    if (!ACTIONS.includes(action)) throw new UsageError(`boards knows ${ACTIONS.join(', ')}, not ${action}`);
    const all = await boardsOf(session);
    if (action === 'delete' && names.length === 0)
      throw new UsageError('BOARD is missing; usage: cactl boards delete BOARD ...');
    const chosen = names.length === 0 ? all : names.map((name) => find(all, name));
    if (action === 'export') {
      const document = boardsDocument(chosen, await description(session.front));
      const text = documentText(document);
      // JSON is YAML too, and can write out what would do something to a terminal.
      const plain = !session.json && text.split('\n').every((line) => visible(line) === line);
      session.io.out(plain ? text : `${jsonText(document, 2)}\n`);
    } else if (action === 'delete') {
      for (const { id } of chosen) await session.front.json(`/boards/${id}`, { method: 'DELETE' });
      if (session.json) session.printJson({ deleted: chosen.map(({ id }) => id) });
      else session.print(chosen.map(({ id, name }) => `deleted ${id} ${name}`));
    } else if (session.json) session.printJson(chosen);
    else session.print(lines(chosen, session.target.url, session.screen.columns));
    return EXIT.ok;
  },
};

export async function boardsOf({ front }: Session): Promise<BoardResource[]> {
  const list = await front.json('/boards');
  if (!Array.isArray(list))
    throw new CaError('INTERNAL', 'the server described boards in a way that is not understood');
  return list.map((one: Partial<BoardResource> | null) => {
    const { id, name, variables, panels } = one ?? {};
    if (
      typeof id === 'string' &&
      /^\d{1,15}$/.test(id) &&
      typeof name === 'string' &&
      Array.isArray(variables) &&
      Array.isArray(panels)
    )
      return one as BoardResource;
    throw new CaError('INTERNAL', 'the server described a board in a way that is not understood');
  });
}

function find(all: readonly BoardResource[], name: string): BoardResource {
  const found = all.find((board) => board.name === name) ?? all.find(({ id }) => id === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    all.map((board) => board.name),
  );
  const hint = near === undefined ? '"cactl boards" lists them' : `did you mean ${near}?`;
  throw new CaError('NOT_FOUND', `there is no board ${name}; ${hint}`);
}

function lines(all: readonly BoardResource[], url: string, columns: number): string[] {
  if (all.length === 0) return ['no boards; the page keeps one, or: cactl apply -f FILE'];
  const rows = all.map(({ id, name, panels, variables }) => [
    id,
    name,
    counted(panels.length, 'panels'),
    variables.map(({ field, value }) => (value === undefined ? field : `${field}=${value}`)).join(', '),
    `${url.replace(/\/$/, '')}/?board=${id}`,
  ]);
  const titles = ['ID', 'NAME', 'PANELS', 'NARROWED BY', 'PAGE'];
  return table(
    titles.map((title, i) => (i === 0 ? { title } : { title, least: 8 })),
    rows,
    columns,
  );
}
