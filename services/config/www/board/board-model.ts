/*
 * Boards and what the page shows, into one another. In: a board, the catalogue, values of variables. Out: the questions its
 * panels ask, and a board made of the panels that are shown. Pure.
 */
import { narrowed, USUAL_VARIABLES, type Board, type BoardPanel } from '../../../../common/model/board.ts';
import type { Catalogue, Instrumentation, Question } from '../model/answers.ts';
import { metricOf } from '../model/question.ts';
import { newPanel, type PanelState } from '../model/url-state.ts';

export type Values = ReadonlyMap<string, string>;

/** What a panel asks while variables have values; undefined: nothing here offers it. */
export function questionFor(
  panel: Pick<BoardPanel, 'module' | 'stat' | 'decomposition' | 'predicate' | 'granularity'>,
  values: Values,
  catalogue: Catalogue,
): Question | undefined {
  const metric = metricOf(catalogue, panel);
  if (metric === undefined) return undefined;
  const { module, stat, decomposition, granularity } = panel;
  if (!decomposition.every((field) => metric.fields.includes(field))) return undefined;
  return {
    module,
    stat,
    decomposition,
    granularity,
    predicate: narrowed(panel.predicate, values, metric.fields),
  };
}

/** Of what runs and counts, what asks the same. */
export function runningLike(
  question: Question,
  running: readonly Instrumentation[],
): Instrumentation | undefined {
  const textOf = (q: Question): string =>
    JSON.stringify([q.module, q.stat, q.decomposition, q.predicate, q.granularity]);
  const wanted = textOf(question);
  return running.find((i) => i.enabled !== false && textOf(i) === wanted);
}

/** A board's panel as the page shows it, asked by this instrumentation. */
export function stateOf(panel: BoardPanel, id: string, question: Question, window?: number): PanelState {
  const base = newPanel(id);
  return {
    ...base,
    metric: `${panel.module}.${panel.stat}`,
    by: panel.decomposition,
    where: question.predicate,
    own: sameJson(question.predicate, panel.predicate) ? undefined : panel.predicate,
    granularity: panel.granularity,
    window,
    title: panel.title,
    size: panel.size ?? 'normal',
    axis: panel.axis,
    coloring: panel.coloring ?? base.coloring,
    percentiles: panel.percentiles ?? false,
    stacked: panel.stacked ?? true,
    mode: panel.mode ?? base.mode,
    keys: panel.keys ?? [],
  };
}

/** The way back; what is usual is left out. */
export function panelOf(state: PanelState): BoardPanel {
  const [module = '', stat = ''] = state.metric.split('.');
  return {
    module,
    stat,
    decomposition: state.by,
    predicate: state.own ?? state.where,
    granularity: state.granularity,
    ...(state.title === undefined ? {} : { title: state.title }),
    ...(state.size === 'normal' ? {} : { size: state.size }),
    ...(state.axis === undefined ? {} : { axis: state.axis }),
    ...(state.coloring === 'rank' ? {} : { coloring: state.coloring }),
    ...(state.percentiles ? { percentiles: true } : {}),
    ...(state.stacked ? {} : { stacked: false }),
    ...(state.mode === 'highlight' ? {} : { mode: state.mode }),
    ...(state.keys.length === 0 ? {} : { keys: state.keys }),
  };
}

export function boardOf(
  name: string,
  panels: readonly PanelState[],
  values: Values,
  fields: readonly string[],
): Board {
  const windows = new Set(panels.map(({ window }) => window));
  const [window] = windows.size === 1 ? windows : [undefined];
  return {
    name,
    ...(window === undefined ? {} : { window }),
    variables: fields.map((field) => {
      const value = values.get(field);
      return value === undefined ? { field } : { field, value };
    }),
    panels: panels.map(panelOf),
  };
}

/** Fields to narrow by: those of the board, or the usual ones; as far as anything here has them. */
export function variablesOf(board: Board | undefined, catalogue: Catalogue): readonly string[] {
  const variables = board === undefined || board.variables.length === 0 ? USUAL_VARIABLES : board.variables;
  return variables.map(({ field }) => field).filter((field) => Object.hasOwn(catalogue.fields, field));
}

/** What the board proposes, overruled by what the address says. */
export function valuesFor(board: Board, given: Values): Values {
  const usual = board.variables.flatMap(({ field, value }) =>
    value === undefined ? [] : [[field, value] as const],
  );
  return new Map([...usual, ...given]);
}

/** The question a shown panel asks under other values. */
export function narrowedPanel(state: PanelState, values: Values, catalogue: Catalogue): Question | undefined {
  return questionFor(panelOf(state), values, catalogue);
}

export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
