/*
 * A time range of a dataset as a table: a row for each key, ranked. In: slots, and the figure to rank by. Out: rows of
 * named figures in the field's raw unit: number of events, their total time (or bytes), percentiles.
 *
 * Events add up over time; a level (memory, utilisation: point scope) does not. For a level a row has its mean over
 * the points that have the key, its extremes, and its last value.
 */
import { byRank } from '../../../common/model/tally';
import { LOG_GRID, type Grid } from '../../../common/model/bucket';
import { Cells, type Row } from './cells';
import type { Dataset } from './dataset';
import { average, percentile } from '../heatmap/series';
import type { Slot } from './slot';

export interface TopOptions {
  /** 0 to 100. */
  readonly percentiles: readonly number[];
  /** A figure's name: count, sum, mean, min, max, last, p99. */
  readonly sort: string;
  readonly limit: number;
}

/** Figures by name, in display order; raw units. */
export type Figures = ReadonlyMap<string, number>;

export interface Top {
  readonly total: Figures;
  readonly keys: readonly { readonly key: string; readonly figures: Figures }[];
  /** Number of keys omitted. */
  readonly omitted: number;
}

type Kind = Pick<Dataset, 'shape' | 'scope'>;

/** "p99.9" */
const nameOf = (percent: number): string => `p${percent}`;

/** The figures of a row, in order. */
export function figuresOf({ shape, scope }: Kind, percentiles: readonly number[]): string[] {
  const numeric = shape === 'distribution' || shape === 'keyed-distribution';
  if (!numeric) return scope === 'point' ? ['last', 'mean', 'min', 'max'] : ['count'];
  const all = ['count', 'sum', 'mean', 'min', ...percentiles.map(nameOf), 'max'];
  return scope === 'point' ? all.filter((name) => name !== 'sum') : all;
}

/** Takes the slots of the time range, then yields the table. */
export function makeTop(
  dataset: Dataset,
  options: TopOptions,
): { add: (slot: Slot) => void; result: () => Top } {
  const numeric = dataset.shape === 'distribution' || dataset.shape === 'keyed-distribution';
  const keyed = dataset.shape === 'keyed' || dataset.shape === 'keyed-distribution';
  const rank = (rows: Top['keys'], total: Figures): Top => ranked(keyed ? rows : [], total, options);
  return numeric || dataset.scope === 'interval'
    ? topOfEvents(dataset, options, { numeric, rank })
    : topOfLevels(rank);
}

type Rank = (rows: Top['keys'], total: Figures) => Top;

function topOfEvents(
  { grid, scope }: Dataset,
  options: TopOptions,
  { numeric, rank }: { numeric: boolean; rank: Rank },
): { add: (slot: Slot) => void; result: () => Top } {
  const cells = new Cells({ zeros: !numeric });
  let points = 0;
  const read = (row: Row): Figures => {
    const figures = numeric ? spread(row, grid, options.percentiles) : new Map([['count', countOf(row)]]);
    if (scope === 'interval') return figures;
    // For a level: the mean number at a time, and no sum.
    const names = figuresOf({ shape: 'distribution', scope }, options.percentiles);
    const shown = names.map((name) => [name, figures.get(name) ?? 0] as const);
    return new Map(shown).set('count', rounded(countOf(row) / Math.max(points, 1)));
  };
  return {
    add: (slot) => {
      points++;
      slot.each((key, row) => {
        cells.addRow(key, row);
      });
    },
    result: () => {
      const all = new Cells({ zeros: !numeric });
      const rows: Top['keys'][number][] = [];
      cells.each((key, row) => {
        if (row.from === row.to) return;
        rows.push({ key, figures: read(row) });
        all.addRow('', row);
      });
      let total: Figures = new Map();
      all.each((_key, row) => {
        total = read(row);
      });
      return rank(rows, total);
    },
  };
}

interface Level {
  sum: number;
  points: number;
  min: number;
  max: number;
  last: number;
}

function topOfLevels(rank: Rank): { add: (slot: Slot) => void; result: () => Top } {
  const levels = new Map<string, Level>();
  const all: Level = { sum: 0, points: 0, min: Infinity, max: -Infinity, last: 0 };
  const note = (level: Level, value: number): void => {
    level.sum += value;
    level.points++;
    level.min = Math.min(level.min, value);
    level.max = Math.max(level.max, value);
    level.last = value;
  };
  return {
    add: (slot) => {
      let together = 0;
      slot.each((key, row) => {
        const value = countOf(row);
        const level = levels.get(key) ?? { sum: 0, points: 0, min: Infinity, max: -Infinity, last: 0 };
        levels.set(key, level);
        note(level, value);
        together += value;
      });
      note(all, together);
    },
    result: () =>
      rank(
        [...levels].map(([key, level]) => ({ key, figures: levelFigures(level) })),
        levelFigures(all),
      ),
  };
}

function levelFigures({ sum, points, min, max, last }: Level): Figures {
  if (points === 0) return new Map();
  return new Map([
    ['last', last],
    ['mean', rounded(sum / points)],
    ['min', min],
    ['max', max],
  ]);
}

function spread(row: Row, grid: Grid, percentiles: readonly number[]): Figures {
  const count = countOf(row);
  const mean = average(row, grid);
  // On the log grid raw units are whole numbers.
  const round = grid === LOG_GRID ? Math.round : rounded;
  return new Map([
    ['count', count],
    ['sum', round(mean * count)],
    ['mean', round(mean)],
    ['min', grid.floorOf(row.buckets[row.from] ?? 0)],
    ...percentiles.map((p) => [nameOf(p), round(percentile(row, grid, p / 100))] as const),
    ['max', grid.ceilOf(row.buckets[row.to - 1] ?? 0)],
  ]);
}

function countOf({ counts, from, to }: Row): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += counts[i] ?? 0;
  return sum;
}

/** Largest first; ties by name, so that the order is stable. */
function ranked(rows: Top['keys'], total: Figures, { sort, limit }: TopOptions): Top {
  const by = (figures: Figures): number => figures.get(sort) ?? 0;
  const keys = [...rows].sort((a, b) => byRank([a.key, by(a.figures)], [b.key, by(b.figures)]));
  return { total, keys: keys.slice(0, limit), omitted: Math.max(0, keys.length - limit) };
}

function rounded(value: number): number {
  return Math.round(1000 * value) / 1000;
}
