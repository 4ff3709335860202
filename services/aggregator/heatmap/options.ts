/*
 * What a heatmap is to look like. In: the request's parameters. Out: checked options with their defaults, or an
 * INVALID error that names the parameter. Next: axis.ts and columns.ts lay it out.
 */
import { HEATMAP_DEFAULTS, WEIGHTS } from '../../../common/api/heatmap';
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Params } from '../http/params';
import { hueSequence } from './hue';
import { COLORINGS, type Coloring } from './shade';

/** Which keys get a layer (and a hue) of their own, and whether the rest of the total is drawn. */
export type Layering = 'together' | 'isolate' | 'exclude' | 'all';

export interface HeatmapOptions {
  readonly width: number;
  readonly height: number;
  readonly nbuckets: number;
  readonly ymin: number;
  /** undefined: from the data. */
  readonly ymax: number | undefined;
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

/** Values end below 10^15 (common/model/bucket.ts). */
const Y_MAX = 1e15;

export function readHeatmapOptions(params: Params): HeatmapOptions {
  const pixels = { min: LIMITS.imagePixelsMin, max: LIMITS.imagePixelsMax };
  const ymin = params.whole('ymin', { min: 0, max: Y_MAX }) ?? 0;
  const ymax = params.whole('ymax', { min: 0, max: Y_MAX });
  if (ymax !== undefined && ymax <= ymin)
    throw invalid('ymax', `must be greater than ymin, which is ${ymin}`);
  const selected = [...new Set(params.list('selected', LIMITS.imageHues - 1))];
  const options = {
    width: params.whole('width', pixels) ?? HEATMAP_DEFAULTS.width,
    height: params.whole('height', pixels) ?? HEATMAP_DEFAULTS.height,
    nbuckets: params.whole('nbuckets', { min: 1, max: LIMITS.imageBuckets }) ?? HEATMAP_DEFAULTS.nbuckets,
    ymin,
    ymax,
    selected,
    layering: layeringOf(params),
    weighted: params.choice('weights', WEIGHTS, 'count') === 'weight',
    coloring: params.choice('coloring', COLORINGS, 'rank'),
    axes: params.flag('axes'),
    percentiles: params.numbers('percentiles', LIMITS.imageLines, { min: 0, max: 100 }, 'decimal'),
  };
  return { ...options, hues: readHues(params, options) };
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
