/*
 * The list of keys beside a picture: the largest, with totals and hues. In: totals by key. Out: a bounded list, and the
 * number omitted, so that an answer does not grow with the number of keys.
 */
import type { ImageAnswer } from '../../../common/api/heatmap';
import { byRank, largestOf } from '../../../common/model/tally';
import { hueOfKey } from '../../../common/model/hue';
import type { LayerPlan, Survey } from './layers';

export type KeyList = Required<Pick<ImageAnswer, 'total' | 'keys' | 'omitted'>>;

interface Options {
  readonly limit: number;
  /** In small letters; a key is listed when it holds each of them. */
  readonly search: readonly string[];
  /** Listed in any case. */
  readonly selected: readonly string[];
  /** A level is not added up over time. */
  readonly isLevel: boolean;
}

export function listKeys(survey: Survey, plan: LayerPlan, options: Options): KeyList {
  const { limit, search, selected, isLevel } = options;
  const own = new Map(plan.layers.map(({ key, hue }) => [key, hue] as const));
  const totalOf = (key: string): number => {
    const sum = survey.keys.get(key) ?? 0;
    return round(isLevel ? sum / Math.max(1, survey.slotsOf.get(key) ?? 1) : sum);
  };
  let total = 0;
  for (const sum of survey.keys.values()) total += sum;
  if (isLevel) total /= Math.max(1, survey.slots);
  const isFound = (key: string): boolean => {
    const text = key.toLowerCase();
    return key !== '' && search.every((word) => text.includes(word));
  };
  const found = largestOf(survey.keys, limit, isFound).map(([key]) => key);
  const listed = [...new Set([...found, ...selected])];
  const keys = listed
    .map((key) => ({ key, total: totalOf(key), hue: own.get(key) ?? hueOfKey(key) }))
    .sort((a, b) => byRank([a.key, a.total], [b.key, b.total]));
  const shown = keys.reduce((sum, key) => sum + key.total, 0);
  const there = survey.keys.size - (survey.keys.has('') ? 1 : 0);
  return {
    total: round(total),
    keys,
    omitted: {
      keys: Math.max(0, there - keys.filter(({ key }) => survey.keys.has(key)).length),
      total: Math.max(0, round(total - shown)),
    },
  };
}

function round(total: number): number {
  return Math.round(1000 * total) / 1000;
}
