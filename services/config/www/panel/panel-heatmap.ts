/*
 * The heatmaps of a panel: one, or three when it is compared (this, that, and the difference). In: what is to be shown.
 * Out: pictures with their titles, all of one moment, of one axis and one colour scale.
 */
import type { Context } from '../ui/context.ts';
import type { Point } from '../model/history.ts';
import { comparison, isServable, ownPicture, servedPicture, type PictureWish } from '../plot/pictures.ts';
import type { HeatmapPart } from './panel-plots.ts';
import type { PanelState } from '../model/url-state.ts';
import { comparableOf, summaryOf, type View } from '../model/view.ts';

export interface Other {
  /** Seconds by which it is older. */
  readonly shift: number;
  readonly points: readonly (Point | undefined)[];
}

/** Rejects with an ApiError when the aggregator does not paint. */
export async function heatmapParts(
  context: Context,
  state: PanelState,
  view: View,
  wish: PictureWish,
  other: Other | undefined,
): Promise<HeatmapPart[]> {
  const theme = context.theme();
  const { start, points } = wish;
  const label = summaryOf(context.catalogue(), view);
  if (other === undefined) {
    const picture = isServable(wish, view.instrumentation.granularity)
      ? await servedPicture(context.api, state.id, wish, theme)
      : ownPicture(wish, theme);
    return [{ title: '', picture, start, points, label }];
  }
  const then = { start: start - other.shift, points: other.points };
  const { a, b, difference } = comparison(wish, { ...wish, ...then }, theme);
  const title = nameOfOther(context, state, view);
  return [
    {
      title: state.versus?.startsWith('#') === true ? `#${state.id}` : 'this window',
      picture: a,
      start,
      points,
      label,
    },
    { title, picture: b, ...then, label: `${title}: ${label}` },
    {
      title: 'difference: orange more, blue less',
      picture: difference,
      start,
      points,
      label: `Difference to ${title}`,
    },
  ];
}

function nameOfOther(context: Context, { versus }: PanelState, view: View): string {
  const others = comparableOf(context.catalogue(), context.running() ?? [], view.instrumentation);
  return others.find(([v]) => v === versus)?.[1] ?? 'other';
}
