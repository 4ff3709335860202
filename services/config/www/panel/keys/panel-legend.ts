/*
 * The keys of a panel's view, for its list and for pictures that are taken away. In: the view, the state, the lines of a graph.
 * Out: keys with their colours, and how their totals are written.
 */
import { marksOf } from '../../../../../common/model/hue.ts';
import { fieldLabel, titleOf } from '../../model/question.ts';
import { keyText } from '../../model/key-text.ts';
import { formatCount, formatValue, shortCount } from '../../model/units.ts';
import type { PanelState } from '../../model/url-state.ts';
import type { View } from '../../model/view.ts';
import type { Context } from '../../ui/context.ts';
import type { LegendData } from './legend.ts';
import { keyColour, restColour } from './panel-keys.ts';

/** In the picture, or as one of the lines. */
function isColoured({ heat }: View, lines: readonly string[], key: string): boolean {
  return heat === undefined ? lines.includes(key) : heat.legend.some((layer) => layer.key === key);
}

function coloured(view: View, lines: readonly string[]): readonly string[] {
  return view.keys.flatMap(([key]) => (isColoured(view, lines, key) ? [key] : []));
}

/** Of a view that is split by `discrete`. */
export function legendData(
  context: Context,
  state: PanelState,
  view: View,
  discrete: string,
  lines: readonly string[],
): LegendData {
  const [catalogue, theme] = [context.catalogue(), context.theme()];
  const { numeric, metricType, instrumentation } = view;
  const counted = numeric !== undefined || metricType === undefined;
  return {
    title: `${fieldLabel(catalogue, discrete)}${view.isLevel ? ', mean' : ''}`,
    of: `${titleOf(catalogue, instrumentation)} #${instrumentation.id}`,
    keys: view.keys,
    omitted: view.omitted,
    total: view.count,
    keysShown:
      state.mode === 'all' ? (view.heat?.legend.flatMap(({ key }) => key ?? []) ?? lines) : state.keys,
    mode: state.mode,
    colourOf: (key) => (isColoured(view, lines, key) ? keyColour(key, theme) : undefined),
    marks: marksOf(coloured(view, lines)),
    restColour: restColour(theme),
    paper: theme === 'print',
    format: (n) => (counted ? formatCount(n) : formatValue(n, metricType)),
    short: (n) => (counted ? shortCount(n) : formatValue(n, metricType)),
  };
}

/** Keys that have a colour, with it. */
export function colouredKeys(
  context: Context,
  view: View | undefined,
  lines: readonly string[],
): readonly (readonly [string, string])[] {
  if (view?.discrete === undefined) return [];
  const theme = context.theme();
  const keys = coloured(view, lines);
  const marks = marksOf(keys);
  const named = keys.map((key) => {
    const like = marks.get(key)?.like;
    const alike = like === undefined ? '' : ` (looks like ${keyText(like)})`;
    return [`${keyText(key)}${alike}`, keyColour(key, theme)] as const;
  });
  return [...named, ['everything else', restColour(theme)]];
}
