/*
 * The heatmaps of a panel: one, or three when it is compared (this, that, and the difference). In: an answer. Out: pictures
 * with their titles, all of one moment, of one axis and one colour scale.
 */
import type { ImageAnswer, SpreadAnswer } from '../../../../common/api/heatmap.ts';
import { slotsOf } from '../model/completeness.ts';
import { formatCount } from '../model/units.ts';
import type { PanelState } from '../model/url-state.ts';
import { comparableOf, summaryOf, type View } from '../model/view.ts';
import type { Context } from '../ui/context.ts';
import type { HeatmapPart } from './panel-plots.ts';

export async function heatmapParts(
  context: Context,
  state: PanelState,
  view: View,
  answer: ImageAnswer,
): Promise<HeatmapPart[]> {
  const { versus } = answer;
  const label = summaryOf(context.catalogue(), view);
  const own = {
    start: view.start,
    slots: view.slots,
    lines: answer.percentiles ?? [],
    rowCounts: answer.rows ?? [],
    outside: outsideText(answer),
    label,
  };
  const [picture, other, differing] = await loaded(answer);
  if (versus === undefined || other === undefined || differing === undefined)
    return [{ title: '', picture, ...own }];
  const title = nameOfOther(context, state, view);
  return [
    { title: state.versus?.startsWith('#') === true ? `#${state.id}` : 'this window', picture, ...own },
    {
      title,
      picture: other,
      start: versus.start_time,
      slots: slotsOf(versus, view.step, view.instrumentation.granularity),
      lines: versus.percentiles ?? [],
      rowCounts: versus.rows ?? [],
      outside: outsideText(versus),
      label: `${title}: ${label}`,
    },
    {
      title: 'difference: orange more, blue less',
      picture: differing,
      ...own,
      lines: [],
      outside: '',
      label: `Difference to ${title}`,
    },
  ];
}

/** What an axis leaves out is told: it is in no row. */
export function outsideText({ above = 0, below = 0 }: Partial<SpreadAnswer>): string {
  const parts = [
    above > 0 ? `${formatCount(above)} above` : '',
    below > 0 ? `${formatCount(below)} below` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join(', ')} this axis`;
}

function nameOfOther(context: Context, { versus }: PanelState, view: View): string {
  const others = comparableOf(context.catalogue(), context.running() ?? [], view.instrumentation);
  return others.find(([v]) => v === versus)?.[1] ?? 'other';
}

/** Of an answer that was drawn before, or comes to be drawn: a picture is read once. */
const pictures = new WeakMap<ImageAnswer, Promise<Loaded>>();
type Picture = HTMLImageElement;
type Loaded = readonly [Picture, Picture | undefined, Picture | undefined];

export function loaded(answer: ImageAnswer): Promise<Loaded> {
  const known = pictures.get(answer);
  if (known !== undefined) return known;
  const { image, versus, difference } = answer;
  const found = Promise.all([
    load(image),
    versus === undefined ? undefined : load(versus.image),
    difference === undefined ? undefined : load(difference.image),
  ]);
  pictures.set(answer, found);
  return found;
}

/** From its text as it came, and decoded when it is drawn: a Blob costs more than that, decode() a frame for each picture. */
function load(base64: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      resolve(image);
    };
    image.onerror = () => {
      reject(new Error('The picture could not be read.'));
    };
    image.src = `data:image/png;base64,${base64}`;
  });
}
