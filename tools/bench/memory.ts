/*
 * Measurement 6: the memory of an hour of one instrumentation: 3600 s × 20 keys × 40 buckets. Out: results, from the
 * dataset's own account (which its limit uses) and from the process's memory, compared with the same hour as the original
 * would keep it (for a tenth of it, times ten).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LOG_GRID } from '../../common/model/bucket';
import { toRanges } from '../../common/model/distribution';
import { Dataset } from '../../services/aggregator/dataset/dataset';
import { humps, xorshift } from './load';
import type { Keyed } from './original';
import { result, type Result } from './result';

const HOUR = 3600;
const KEYS = 20;
const BUCKETS = 40;
const MB = 1024 * 1024;
/** Of the hour, for the original's form: all of it would take about a gigabyte. */
const PART = 10;

/** `seconds`: less than an hour when there is little time; then only the ratio is judged. */
export function measureMemory(seconds = HOUR): Result[] {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    // Twice: the memory of array buffers is released a little after the first.
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / MB;
  };
  const start = Math.floor(Date.now() / 1000) - seconds;

  const before = used();
  const dataset = new Dataset({
    shape: 'keyed-distribution',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: seconds + 60,
  });
  const next = xorshift(13);
  for (let second = start; second < start + seconds; second++) {
    const distributions = new Map(Array.from({ length: KEYS }, (_, k) => [`key${k}`, humps(next, BUCKETS)]));
    dataset.update('node', second, 1, { shape: 'keyed-distribution', distributions }, 0, 1000 * second);
    dataset.tick(1000 * second);
  }
  const ours = used() - before;
  const account = dataset.bytes / MB;

  const beforeOriginal = used();
  const original = new Map<number, Keyed>();
  for (let second = start; second < start + seconds / PART; second++) {
    const value: Keyed = {};
    for (let k = 0; k < KEYS; k++) {
      value[`key${k}`] = toRanges(humps(next, BUCKETS), LOG_GRID).map(([r, n]) => [[...r], n]);
    }
    original.set(second, value);
  }
  const theirs = (used() - beforeOriginal) * PART;
  if (dataset.slotCount < seconds || original.size < seconds / PART) throw new Error('something was dropped');
  return [
    result({
      id: 'memory.hour',
      what: `${seconds} s of 20 keys × 40 buckets a second, retained`,
      value: ours,
      unit: 'MB',
      reference: { what: 'as lists of [[low, high], count]', value: theirs },
      targets: [...(seconds < HOUR ? [] : [{ of: 'value', atMost: 30 } as const]), { of: 'ratio', atMost: 0.1 }],
    }), // prettier-ignore
    result({
      id: 'memory.account',
      what: 'the dataset’s own account of it',
      value: account,
      unit: 'MB',
      reference: { what: 'measured', value: ours },
    }),
  ];
}
