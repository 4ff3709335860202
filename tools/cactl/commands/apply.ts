/* `cactl apply`: the instrumentations of a file, and no others. In: YAML. Out: what differs, shown first; then done. */
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
  type InstrumentationResource,
} from '../../cli/system/resources';
import type { Session } from '../../cli/system/session';
import { visible } from '../../cli/screen/visible';
import { changesBetween, readWanted, type Changes } from '../wanted';

export const apply: Command = {
  name: 'apply',
  about: 'make the instrumentations those of a file',
  details: [
    'Reads a list of instrumentations and creates what is missing, changes what differs in retention, idle time, ' +
      'persistence or ways out, keeps what is there already with its values, and deletes what the file does not name. The question ' +
      'itself (metric, by, where, granularity) tells which is which. What would change is shown first; it is done after a ' +
      'yes, or at once with --yes. It is all done or, where the server refuses a part of it, nothing.',
    'The file: {instrumentations: [{metric: syscall.syscalls, by: [execname, latency], where: latency > 10ms, ' +
      'granularity: 1s, retention: 10m, idle: never, persist: true, export: {prometheus: {}}}, …]}. Only metric has to be there.',
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
    const found = changesBetween(wanted, await instrumentations(session.front, false), d);
    const changes = options.has('keep-others') ? { ...found, remove: [] } : found;
    const count = changes.create.length + changes.change.length + changes.remove.length;
    const done = !options.has('dry-run') && count > 0;
    if (!session.json) session.print(changeLines(changes, d));
    if (done && !options.has('yes') && !(await agreed(session, count))) {
      session.warn('nothing was changed');
      return EXIT.wrong;
    }
    if (done) await carryOut(session, changes);
    if (session.json) session.printJson({ ...plain(changes), done });
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
        ([name, value]) => `${name} ${String(value)} -> ${String(wanted.tuning[name])}`,
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

function labelOf(i: InstrumentationResource, d: Description): string {
  const where = whereText(i, d);
  const by = i.decomposition.length === 0 ? '' : ` by ${i.decomposition.join(',')}`;
  return `${i.module}.${i.stat}${by}${where === '' ? '' : ` where ${where}`}`;
}

/** Asked only where somebody can answer. */
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

/** All or nothing: what was done before a refusal is undone. What cannot be undone, deleting, comes last. */
async function carryOut({ front }: Session, { create, change, remove }: Changes): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const { body, label } of create) {
      const made = (await about(label, front.json('/instrumentations', { method: 'POST', body }))) as
        InstrumentationResource | undefined;
      undo.push(() => front.json(instrumentationPath(made?.id ?? ''), { method: 'DELETE' }));
    }
    for (const { id, wanted, from } of change) {
      await about(
        `${id} ${wanted.label}`,
        front.json(instrumentationPath(id), { method: 'PUT', body: wanted.tuning }),
      );
      undo.push(() => front.json(instrumentationPath(id), { method: 'PUT', body: from }));
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
  for (const { id } of remove) await front.json(instrumentationPath(id), { method: 'DELETE' });
}

/** An error says which entry it is about. */
async function about<T>(label: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw new Error(`${label}: ${messageOf(error)}`, { cause: error });
  }
}

function plain({ create, change, keep, remove }: Changes): Record<string, unknown> {
  return {
    create: create.map(({ body }) => body),
    change: change.map(({ id, wanted }) => ({ id, ...wanted.tuning })),
    keep: keep.map(({ id }) => id),
    delete: remove.map(({ id }) => id),
  };
}
