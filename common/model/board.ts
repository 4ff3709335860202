/*
 * A board: a named set of panels. In: panels, each an instrumentation to ask for and how it looks; variables.
 * Out: what a panel asks for, given the values of the variables.
 *
 * A board creates nothing until it is opened, and then shares what already runs. A variable's value becomes a
 * comparison beside the panel's own predicate, as an object: no text is ever concatenated.
 */
import type { PlainPredicate } from './predicate/predicate';

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
  /** Default where the URL gives no value; absent: no filter. */
  readonly value?: string;
}

export interface Board {
  readonly name: string;
  /** Window of all panels in seconds; absent: each panel has its own. */
  readonly window?: number;
  readonly variables: readonly BoardVariable[];
  readonly panels: readonly BoardPanel[];
}

/** What operators of a fleet filter by: host, container, program. */
export const USUAL_VARIABLES: readonly BoardVariable[] = [
  { field: 'hostname' },
  { field: 'zonename' },
  { field: 'execname' },
];

/** The panel's predicate and one comparison for each variable whose field the metric has; other variables are ignored. */
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
