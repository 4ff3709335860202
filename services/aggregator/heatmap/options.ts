/*
 * What a heatmap is to look like. In: the request's parameters. Out: checked options with their defaults, or an
 * INVALID error that names the parameter. Next: axis.ts and columns.ts lay it out.
 */
import { AXIS_SCALES, HEATMAP_DEFAULTS, SCREEN_LIMITS, SIDES, WEIGHTS } from '../../../common/api/heatmap';
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Scale } from '../../../common/model/axis';
import { THEMES, type Theme } from '../../../common/model/hue';
import type { Params } from '../http/params';
import { hueSequence } from './hue';
import { COLORINGS, type Coloring } from './shade';

/** Percentile lines over one picture. */
const LINES = 8;

/** Which keys get a layer (and a hue) of their own, and whether the rest of the total is drawn. */
export type Layering = 'together' | 'isolate' | 'exclude' | 'all';

export interface HeatmapOptions {
  readonly width: number;
  readonly height: number;
  readonly nbuckets: number;
  /** undefined: 0, or from the data where the axis is logarithmic. */
  readonly ymin: number | undefined;
  /** undefined: from the data. */
  readonly ymax: number | undefined;
  /** undefined: linear from 0, as the first clients know it. */
  readonly scale: Scale | 'auto' | undefined;
  /** The axis that was shown before: it stays while it serves. */
  readonly axisBefore: { readonly min: number; readonly max: number } | undefined;
  /** undefined: the first clients' colours on white. */
  readonly theme: Theme | undefined;
  /** undefined: a column for each slot, as far as there are pixels. */
  readonly columnSeconds: number | undefined;
  /** One pixel for each cell: who asks enlarges it, and draws lines over it. */
  readonly cells: boolean;
  /** The ground says which seconds are incomplete, lost or unknown. */
  readonly marks: boolean;
  /** How many keys are listed with totals and hues, and which: all whose text holds each word. */
  readonly keys: number | undefined;
  readonly search: readonly string[];
  readonly versus: Versus | undefined;
  /** What another aggregator counted of the instrumentation that it is compared with. */
  readonly columns: unknown;
  /** Which picture of a comparison, where there is room for one. */
  readonly show: (typeof SIDES)[number];
  readonly selected: readonly string[];
  readonly layering: Layering;
  /** undefined: the default sequence. */
  readonly hues: readonly number[] | undefined;
  /** Each count weighs as much as the middle of its range: where the time goes, not how often. */
  readonly weighted: boolean;
  readonly coloring: Coloring;
  /** Title, axes and legend around the picture, which is larger by them. */
  readonly axes: boolean;
  /** Lines over the picture, in percent. */
  readonly percentiles: readonly number[];
}

/** What a picture is compared with: the same so many seconds earlier, or another instrumentation of the same scope. */
export type Versus = { readonly seconds: number } | { readonly id: string };

/** Values end below 10^15 (common/model/bucket.ts). */
const Y_MAX = 1e15;

/** `granularity`: of the instrumentation; a column is a whole number of its slots. */
export function readHeatmapOptions(params: Params, granularity = 1): HeatmapOptions {
  const pixels = { min: LIMITS.imagePixelsMin, max: LIMITS.imagePixelsMax };
  const ymin = params.whole('ymin', { min: 0, max: Y_MAX });
  const ymax = params.whole('ymax', { min: 0, max: Y_MAX });
  if (ymax !== undefined && ymax <= (ymin ?? 0))
    throw invalid('ymax', `must be greater than ymin, which is ${ymin ?? 0}`);
  const selected = [...new Set(params.list('selected', LIMITS.imageHues - 1))];
  const options = {
    width: params.whole('width', pixels) ?? HEATMAP_DEFAULTS.width,
    height: params.whole('height', pixels) ?? HEATMAP_DEFAULTS.height,
    nbuckets: params.whole('nbuckets', { min: 1, max: LIMITS.imageBuckets }) ?? HEATMAP_DEFAULTS.nbuckets,
    ymin,
    ymax,
    ...readLook(params, granularity),
    keys: params.whole('keys', { min: 0, max: SCREEN_LIMITS.keys }),
    search: readSearch(params),
    versus: readVersus(params),
    columns: params.object('versus_columns'),
    show: params.choice('show', SIDES, 'this'),
    selected,
    layering: layeringOf(params),
    weighted: params.choice('weights', WEIGHTS, 'count') === 'weight',
    coloring: params.choice('coloring', COLORINGS, 'rank'),
    axes: params.flag('axes'),
    percentiles: params.numbers('percentiles', LINES, { min: 0, max: 100 }, 'decimal'),
  };
  return { ...options, hues: readHues(params, options) };
}

/** What the first clients did not know, and get nothing of. */
function readLook(
  params: Params,
  granularity: number,
): Pick<HeatmapOptions, 'scale' | 'axisBefore' | 'theme' | 'columnSeconds' | 'cells' | 'marks'> {
  const scale = params.has('scale') ? params.choice('scale', AXIS_SCALES, 'auto') : undefined;
  const columnSeconds = params.whole('column_seconds', { min: 1, max: SCREEN_LIMITS.seconds });
  if (columnSeconds !== undefined && columnSeconds % granularity !== 0)
    throw invalid('column_seconds', `must be a multiple of the granularity, which is ${granularity}`);
  const [min, max, ...more] = params.numbers('axis_before', 2, { min: 0, max: Y_MAX + 1 }, 'whole');
  if (min !== undefined && (max === undefined || max <= min || more.length > 0))
    throw invalid('axis_before', 'must be the ends of the axis that was shown before: lowest,highest');
  return {
    scale,
    columnSeconds,
    axisBefore: min === undefined || max === undefined ? undefined : { min, max },
    theme: params.has('theme') ? params.choice('theme', THEMES, 'light') : undefined,
    cells: params.flag('cells'),
    marks: params.flag('marks'),
  };
}

function readSearch(params: Params): readonly string[] {
  const text = params.text('search', SCREEN_LIMITS.searchLetters) ?? '';
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

function readVersus(params: Params): Versus | undefined {
  const seconds = params.whole('versus_seconds', { min: 1, max: SCREEN_LIMITS.seconds });
  const id = params.whole('versus_id', { min: 0, max: 999_999_999_999_999 });
  if (seconds !== undefined && id !== undefined)
    throw invalid('versus_id', 'excludes versus_seconds: at most one may be given');
  if (id !== undefined) return { id: String(id) };
  return seconds === undefined ? undefined : { seconds };
}

function layeringOf(params: Params): Layering {
  const flags = {
    isolate: params.flag('isolate'),
    exclude: params.flag('exclude'),
    all: params.flag('decompose_all'),
  };
  const set = (Object.keys(flags) as (keyof typeof flags)[]).filter((name) => flags[name]);
  if (set.length > 1) {
    throw invalid(
      set[1] === 'all' ? 'decompose_all' : (set[1] ?? ''),
      'excludes isolate, exclude and decompose_all: at most one may be true',
    );
  }
  return set[0] ?? 'together';
}

function readHues(
  params: Params,
  { selected, layering }: { selected: readonly string[]; layering: Layering },
): readonly number[] | undefined {
  const hues = params.numbers('hues', LIMITS.imageHues, { min: 0, max: 359 }, 'whole');
  if (hues.length === 0) return undefined;
  // With decompose_all nobody knows beforehand how many keys there will be: the sequence goes on by itself.
  if (layering === 'all')
    return [...hues, ...hueSequence(LIMITS.imageHues).filter((hue) => !hues.includes(hue))];
  const needed = selected.length + (layering === 'isolate' ? 0 : 1);
  if (hues.length < needed)
    throw invalid(
      'hues',
      `must name ${needed} hues: ${selected.length} for selected keys and one for the rest`,
    );
  return hues;
}
