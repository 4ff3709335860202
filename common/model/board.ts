/*
 * A board: questions that people keep open together, with a name. In: panels, each a question and how it looks; variables.
 * Out: the question that a panel asks while variables have values.
 *
 * A board asks nothing by itself: whoever opens it does, and what runs already is shared. A variable's value becomes a
 * comparison beside the panel's own predicate, as an object: no text is ever put together.
 */
import type { PlainPredicate } from './predicate';

export const PANEL_SIZES = ['normal', 'wide', 'large'] as const;
export type PanelSize = (typeof PANEL_SIZES)[number];

export interface BoardQuestion {
  readonly module: string;
  readonly stat: string;
  readonly predicate: PlainPredicate;
  readonly decomposition: readonly string[];
  readonly granularity: number;
}

/** How a panel looks; what is absent is the page's choice. */
export interface PanelLook {
  readonly axis?: 'linear' | 'log';
  readonly coloring?: 'rank' | 'linear' | 'log';
  readonly percentiles?: boolean;
  readonly stacked?: boolean;
  readonly mode?: 'highlight' | 'isolate' | 'exclude' | 'all';
  readonly keys?: readonly string[];
}

export interface BoardPanel extends BoardQuestion, PanelLook {
  readonly title?: string;
  readonly size?: PanelSize;
}

/** A discrete field that all panels can be narrowed by. */
export interface BoardVariable {
  readonly field: string;
  /** Where the address says nothing; absent: everything. */
  readonly value?: string;
}

export interface Board {
  readonly name: string;
  /** Seconds that all panels show; absent: each panel's own choice. */
  readonly window?: number;
  readonly variables: readonly BoardVariable[];
  readonly panels: readonly BoardPanel[];
}

/** What the operator of a fleet narrows by: where, in which container, by which program. */
export const USUAL_VARIABLES: readonly BoardVariable[] = [
  { field: 'hostname' },
  { field: 'zonename' },
  { field: 'execname' },
];

/** The panel's predicate and one comparison for each value of a field that the metric has; the others pass by. */
export function narrowed(
  predicate: PlainPredicate,
  values: ReadonlyMap<string, string>,
  fields: readonly string[],
): PlainPredicate {
  const comparisons = [...values]
    .filter(([field]) => fields.includes(field))
    .map(([field, value]): PlainPredicate => ({ eq: [field, value] }));
  const parts = [...(Object.keys(predicate).length === 0 ? [] : [predicate]), ...comparisons];
  const [first = {}] = parts;
  return parts.length < 2 ? first : { and: parts };
}
