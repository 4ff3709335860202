/* `cactl apply`: the instrumentations and boards of a file, and no others. In: YAML. Out: what differs, shown first; then done. */
import type { ChangesRequest, InstrumentationAnswer } from '../../../common/api/instrumentation';
import { parseDocument } from '../../cli/system/document';
import { readFileSync } from 'node:fs';
import { CaError, messageOf } from '../../../common/service/errors';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { whereText } from '../question';
import {
  description,
  instrumentationPath,
  instrumentations,
  type Description,
} from '../../cli/system/resources';
import type { FrontRequest } from '../../cli/system/front';
import type { Session } from '../../cli/system/session';
import { visible } from '../../cli/screen/visible';
import { changesBetween, readWanted, type Changes } from '../wanted';
import { boardChanges, bodyOf, readWantedBoards, type BoardChanges } from '../wanted-boards';
import { boardsOf } from './boards';

export const apply: Command = {
  name: 'apply',
  about: 'make instrumentations and boards those of a file',
  details: [
    'Reads a list of instrumentations and creates what is missing, changes what differs in retention, idle time, ' +
      'persistence or ways out, keeps what is there already with its values, and deletes what the file does not name. The question ' +
      'itself (metric, by, where, granularity) tells which is which. What would change is shown first; it is done after a ' +
      'yes, or at once with --yes. It is all done or, where the server refuses a part of it, nothing.',
    'The file: {instrumentations: [{metric: syscall.syscalls, by: [execname, latency], where: latency > 10ms, ' +
      'granularity: 1s, retention: 10m, idle: never, persist: true, export: {prometheus: {}}}, …]}. Only metric has to be there.',
    'Boards stand beside them, or alone: {boards: [{name: Storage, window: 5m, variables: [hostname, {execname: postgres}], ' +
      'panels: [{metric: fs.syncs, by: [execname, latency], where: latency > 1ms, title: Syncs, size: wide}, …]}, …]}. The ' +
      'name tells which is which; "cactl boards export" prints such a file. A list that the file does not have is left alone.',
  ],
  arguments: [],
  options: [
    { name: 'file', short: 'f', value: 'FILE', about: 'the list; - is standard input', complete: 'file' },
    { name: 'yes', short: 'y', about: 'do not ask' },
    { name: 'keep-others', about: 'delete nothing' },
    { name: 'dry-run', about: 'only show what would change' },
  ],
  examples: [
    { line: 'cactl apply -f instrumentations.yaml', about: 'Show the differences, ask, and do it.' },
    { line: 'cactl apply -f - --yes < instrumentations.yaml', about: 'From a script.' },
  ],
  async run({ options, session }) {
    const file = options.get('file');
    if (file === undefined) throw new UsageError('a file is missing: cactl apply -f FILE');
    const content = parseDocument(readText(file), file);
    const d = await description(session.front);
    const wanted = readWanted(content, file, d);
    const wantedBoards = readWantedBoards(content, file, d);
    const found =
      wanted === undefined
        ? { create: [], change: [], keep: [], remove: [] }
        : changesBetween(wanted, await instrumentations(session.front, false), d);
    const foundBoards =
      wantedBoards === undefined ? undefined : boardChanges(wantedBoards, await boardsOf(session));
    const spare = options.has('keep-others') ? { remove: [] } : {};
    const changes = { ...found, ...spare };
    const ofBoards = foundBoards === undefined ? undefined : { ...foundBoards, ...spare };
    const count = countOf(changes) + (ofBoards === undefined ? 0 : countOf(ofBoards));
    const done = !options.has('dry-run') && count > 0;
    if (!session.json)
      session.print([
        ...(wanted === undefined ? [] : changeLines(changes, d)),
        ...(ofBoards === undefined ? [] : boardLines(ofBoards)),
      ]);
    if (done && !options.has('yes') && !(await agreed(session, count))) {
      session.warn('nothing was changed');
      return EXIT.wrong;
    }
    if (done) await carryOut(session, changes, ofBoards);
    if (session.json)
      session.printJson({
        ...plain(changes),
        ...(ofBoards === undefined ? {} : { boards: plainBoards(ofBoards) }),
        done,
      });
    return EXIT.ok;
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

function changeLines({ create, change, keep, remove }: Changes, d: Description): string[] {
  const total = create.length + change.length + remove.length;
  return [
    ...keep.map(({ id, wanted }) => visible(`  ${id.padStart(4)} ${wanted.label}`)),
    ...change.map(({ id, wanted, from }) => {
      const parts = Object.entries(from).map(
        ([name, value]) =>
          `${name} ${JSON.stringify(value)} -> ${JSON.stringify(wanted.tuning[name as keyof ChangesRequest])}`,
      );
      return visible(`~ ${id.padStart(4)} ${wanted.label}: ${parts.join(', ')}`);
    }),
    ...create.map(({ label }) => visible(`+      ${label}`)),
    ...remove.map((i) => visible(`- ${i.id.padStart(4)} ${labelOf(i, d)}`)),
    total === 0
      ? 'nothing to change'
      : `${create.length} to create, ${change.length} to change, ${remove.length} to delete, ${keep.length} kept`,
  ];
}

const countOf = ({ create, change, remove }: Changes | BoardChanges): number =>
  create.length + change.length + remove.length;

function boardLines(changes: BoardChanges): string[] {
  const { create, change, keep, remove } = changes;
  const one = (sign: string, id: string, name: string): string =>
    visible(`${sign} ${id.padStart(4)} board ${name}`);
  return [
    ...keep.map(({ id, name }) => one(' ', id, name)),
    ...change.map(({ from }) => one('~', from.id, from.name)),
    ...create.map(({ name }) => one('+', '', name)),
    ...remove.map(({ id, name }) => one('-', id, name)),
    countOf(changes) === 0
      ? 'no board to change'
      : `boards: ${create.length} to create, ${change.length} to change, ${remove.length} to delete, ${keep.length} kept`,
  ];
}

function labelOf(i: InstrumentationAnswer, d: Description): string {
  const where = whereText(i, d);
  const by = i.decomposition.length === 0 ? '' : ` by ${i.decomposition.join(',')}`;
  return `${i.module}.${i.stat}${by}${where === '' ? '' : ` where ${where}`}`;
}

/** Asks only on an interactive terminal. */
async function agreed(session: Session, count: number): Promise<boolean> {
  if (!session.screen.interactive)
    throw new UsageError('nobody is there to ask; say --yes, or --dry-run to only look');
  session.io.out(`make ${count} changes? [y/N] `);
  return await new Promise((resolve) => {
    const stop = session.io.keys((key) => {
      stop();
      session.io.out('\n');
      resolve(/^y/i.test(key));
    });
  });
}

/** One request, and the one that undoes it. */
interface Step {
  readonly label: string;
  readonly path: string;
  readonly request: Pick<FrontRequest, 'method' | 'body'>;
  readonly undo: (made: unknown) => readonly [path: string, request: FrontRequest];
}

const idOf = (made: unknown): string => (made as { id?: string } | undefined)?.id ?? '';
const LIST = '/instrumentations';

function stepsOf({ create, change }: Changes, boards: BoardChanges | undefined): Step[] {
  return [
    ...create.map(({ body, label }): Step => ({
      label,
      path: LIST,
      request: { method: 'POST', body },
      undo: (made) => [instrumentationPath(idOf(made)), { method: 'DELETE' }],
    })),
    ...change.map(({ id, wanted, from }): Step => {
      const path = instrumentationPath(id);
      const label = `${id} ${wanted.label}`;
      const request = { method: 'PUT', body: wanted.tuning } as const;
      return { label, path, request, undo: () => [path, { method: 'PUT', body: from }] };
    }),
    ...(boards?.create ?? []).map((body): Step => ({
      label: `board ${body.name}`,
      path: '/boards',
      request: { method: 'POST', body },
      undo: (made) => [`/boards/${idOf(made)}`, { method: 'DELETE' }],
    })),
    ...(boards?.change ?? []).map(({ from, board }): Step => {
      const path = `/boards/${from.id}`;
      return {
        label: `board ${from.name}`,
        path,
        // A change that another user made since then is reported, not overwritten.
        request: { method: 'PUT', body: { ...bodyOf(board), revision: from.revision } },
        undo: () => [path, { method: 'PUT', body: bodyOf(from) }],
      };
    }),
  ];
}

/** All or nothing: what was done before a refusal is undone. What cannot be undone, deleting, comes last. */
async function carryOut(
  { front }: Session,
  changes: Changes,
  boards: BoardChanges | undefined,
): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const step of stepsOf(changes, boards)) {
      const made = await about(step.label, front.json(step.path, step.request));
      undo.push(() => front.json(...step.undo(made)));
    }
  } catch (error) {
    const undone = await Promise.allSettled(undo.reverse().map(async (one) => one()));
    const left = undone.filter(({ status }) => status === 'rejected').length;
    const state =
      left === 0
        ? 'nothing was changed'
        : `${left} of ${undone.length} changes could not be undone; see: cactl list`;
    throw new CaError('INVALID', `${messageOf(error)}; ${state}`, { cause: error });
  }
  for (const { id } of changes.remove) await front.json(instrumentationPath(id), { method: 'DELETE' });
  for (const { id } of boards?.remove ?? []) await front.json(`/boards/${id}`, { method: 'DELETE' });
}

/** An error says which entry it is about. */
async function about<T>(label: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw new Error(`${label}: ${messageOf(error)}`, { cause: error });
  }
}

function plain({ create, change, keep, remove }: Changes): object {
  return {
    create: create.map(({ body }) => body),
    change: change.map(({ id, wanted }) => ({ id, ...wanted.tuning })),
    keep: keep.map(({ id }) => id),
    delete: remove.map(({ id }) => id),
  };
}

function plainBoards({ create, change, keep, remove }: BoardChanges): Record<string, unknown> {
  return {
    create,
    change: change.map(({ from, board }) => ({ id: from.id, ...board })),
    keep: keep.map(({ id }) => id),
    delete: remove.map(({ id }) => id),
  };
}
