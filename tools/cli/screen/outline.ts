/*
 * Any JSON value as a readable outline. In: the status of a service. Out: lines; lists of similar items
 * become tables, times get their age.
 */
import { spanText } from '../../../common/model/unit';
import { table } from './table';
import { visible } from './visible';

type Plain = Readonly<Record<string, unknown>>;

export function outline(value: Plain, columns: number, now: number, indent = 0): string[] {
  const space = ' '.repeat(indent);
  const scalars = Object.entries(value).filter(([, v]) => !isNested(v));
  const nested = Object.entries(value).filter(([, v]) => isNested(v));
  const widest = Math.max(0, ...scalars.map(([name]) => name.length));
  return [
    ...scalars.map(([name, v]) => `${space}${name.padEnd(widest)}  ${scalarText(name, v, now)}`),
    ...nested.flatMap(([name, v]) => [
      `${space}${visible(name)}:`,
      ...nestedLines(v, columns, now, indent + 2),
    ]),
  ];
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function nestedLines(value: unknown, columns: number, now: number, indent: number): string[] {
  const space = ' '.repeat(indent);
  if (!Array.isArray(value)) return outline(value as Plain, columns, now, indent);
  if (value.length === 0) return [`${space}(none)`];
  if (!value.every(isRecord)) return [`${space}${value.map((v) => scalarText('', v, now)).join(', ')}`];
  const names = [...new Set(value.flatMap((row) => Object.keys(row)))];
  const rows = value.map((row) => names.map((name) => scalarText(name, row[name], now)));
  const widths = names.map((title) => ({ title, least: Math.min(8, title.length) }));
  return table(widths, rows, columns - indent).map((line) => space + line);
}

function isRecord(value: unknown): value is Plain {
  return isNested(value) && !Array.isArray(value);
}

const MILLISECONDS_2001 = 1e12;

function scalarText(name: string, value: unknown, now: number): string {
  if (value === undefined || value === null) return '';
  if (
    typeof value === 'number' &&
    value > MILLISECONDS_2001 &&
    /^(started|since|last|crtime|time)/.test(name)
  ) {
    return `${spanText(now - value)} ago`;
  }
  if (name === 'memory' && typeof value === 'number') return `${(value / 1024 ** 2).toFixed(1)}MiB`;
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}
