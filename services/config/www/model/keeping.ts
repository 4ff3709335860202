/*
 * How long values and the question itself are kept, in words; and what there is to choose. In: an instrumentation.
 * Out: text, a warning before it is deleted because nobody looks, and changes for PUT.
 */
import type { Instrumentation } from './answers.ts';
import { spanText } from '../plot/time-axis.ts';

type Kept = Pick<
  Instrumentation,
  'granularity' | 'retention-time' | 'idle-max' | 'idle-left' | 'persist-data' | 'replicas'
>;

/** Points of one instrumentation at most, as the service has it. */
const POINTS_MAX = 3600;
/** Warned of when so much of the idle time is left, and no more than so many seconds. */
const WARN_PART = 0.25;
const WARN_SECONDS = 600;

/** "keeps 10 min, also on disk; deleted after 1 h without anybody looking" */
export function keptText(i: Kept): string {
  const disk = i['persist-data'] === true ? ', also on disk' : '';
  const two = (i.replicas ?? 1) > 1 ? ', in two aggregators' : '';
  const idle = i['idle-max'];
  const end =
    idle === undefined
      ? ''
      : idle === 0
        ? '; stays until it is deleted'
        : `; deleted after ${spanText(idle)} without anybody looking`;
  return `keeps ${spanText(i['retention-time'])}${disk}${two}${end}`;
}

/** "Deleted in 4 min: nobody looks at it."; '' while there is time. */
export function dyingText(i: Kept): string {
  const left = i['idle-left'];
  const idle = i['idle-max'] ?? 0;
  if (left === undefined || idle === 0 || left > Math.min(WARN_SECONDS, WARN_PART * idle)) return '';
  return `Deleted in ${left < 60 ? 'less than a minute' : spanText(60 * Math.round(left / 60))}: nobody looks at it.`;
}

/** What can be chosen, each with what it changes; what holds already is left out. */
export function keepChoices(i: Kept): (readonly [text: string, change: object])[] {
  const most = POINTS_MAX * i.granularity;
  const spans = [600, 3600, 6 * 3600, 86_400, 7 * 86_400].filter(
    (seconds) => seconds <= most && seconds >= 10 * i.granularity,
  );
  const idle = i['idle-max'];
  return [
    ...[...new Set([...spans, Math.min(most, 7 * 86_400)])]
      .filter((seconds) => seconds !== i['retention-time'])
      .map((seconds) => [`Keep values for ${spanText(seconds)}`, { 'retention-time': seconds }] as const),
    i['persist-data'] === true
      ? (['Keep values in memory alone', { 'persist-data': false }] as const)
      : (['Keep values on disk too, over restarts', { 'persist-data': true }] as const),
    (i.replicas ?? 1) > 1
      ? (['Keep values in one aggregator', { replicas: 1 }] as const)
      : (['Keep values in two aggregators: one may fail', { replicas: 2 }] as const),
    ...(idle === 0 ? [] : [['Never delete it by itself', { 'idle-max': 0 }] as const]),
    ...(idle === 3600
      ? []
      : [['Delete it after an hour without anybody looking', { 'idle-max': 3600 }] as const]),
    ...(idle === 604_800
      ? []
      : [['Delete it after a week without anybody looking', { 'idle-max': 604_800 }] as const]),
  ];
}
