/*
 * Tables for terminals. In: columns with a heading, rows of text. Out: lines no wider than the screen:
 * columns that may shrink do so, the widest first; numbers are right-aligned.
 */
import { fit, visible, widthOf } from './visible';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut down to this many columns when space is short. Absent: never cut. */
  readonly least?: number;
  /** Left out altogether where the screen is too narrow even so; the lowest number first. Absent: never. */
  readonly drop?: number;
}

const GAP = 2;

export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const { widths, excess } = widthsFor(columns, rows, width);
  const expendable = columns.reduce((least, { drop = Infinity }) => Math.min(least, drop), Infinity);
  if (excess > 0 && expendable !== Infinity) {
    const kept = columns.map(({ drop }) => drop !== expendable);
    const rest = rows.map((row) => row.filter((_, i) => kept[i]));
    return table(
      columns.filter((_, i) => kept[i]),
      rest,
      width,
    );
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => fit(cells[i] ?? '', widths[i] ?? 0, column.align))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map((c) => c.title)), ...rows.map(line)];
}

function widthsFor(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): { widths: number[]; excess: number } {
  const widths = columns.map((column, i) =>
    rows.reduce((most, row) => Math.max(most, widthOf(visible(row[i] ?? ''))), widthOf(column.title)),
  );
  let excess = widths.reduce((sum, w) => sum + w, GAP * (columns.length - 1)) - width;
  while (excess > 0) {
    // One character at a time from the widest column: cheap for the sizes of screens.
    let from = -1;
    for (const [i, column] of columns.entries()) {
      const w = widths[i] ?? 0;
      if (column.least !== undefined && w > column.least && w > (widths[from] ?? 0)) from = i;
    }
    if (from === -1) break;
    widths[from] = (widths[from] ?? 1) - 1;
    excess--;
  }
  return { widths, excess };
}
