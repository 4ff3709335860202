/*
 * A picture's data as a PromQL query of the read API, for dashboards. In: an instrumentation, and
 * the selected keys. Out: the text of a query.
 */
import type { Instrumentation } from '../../model/instrumentation';
import { NAME_LABEL } from './expression';
import { namingOf } from '../naming';
import { quote } from './quoted';

export interface Chosen {
  readonly keys: readonly string[];
  /** True: all keys except these. */
  readonly exclude: boolean;
}

const EVERYTHING: Chosen = { keys: [], exclude: true };

/** Distributions are summed: a heatmap needs one series. */
export function promqlText(i: Instrumentation, { keys, exclude }: Chosen = EVERYTHING): string {
  const { labels, keyLabel, distribution, name } = namingOf(i);
  const matchers = [...labels]
    .filter(([label]) => label !== NAME_LABEL && label !== 'predicate')
    .map(([label, value]) => `${label}=${quote(value)}`);
  if (keyLabel !== undefined && keys.length > 0) {
    const pattern = keys.map((key) => key.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
    matchers.push(`${keyLabel}${exclude ? '!~' : '=~'}${quote(pattern)}`);
  }
  const selector = `${name}{${matchers.join(',')}}`;
  return distribution ? `sum(${selector})` : selector;
}
