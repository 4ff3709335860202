/*
 * Messages as text. In: an observed message. Out: one line for people, one JSON object, or a dump of its bytes.
 */
import type { DataMessage, Report } from '../../common/wire/data';
import { shortText } from '../../common/model/unit';
import { totalOf, type Value } from '../../common/model/value';
import { cut, jsonText, visible } from '../cli/screen/visible';
import type { Observed } from './observed';

export type Form = 'short' | 'json' | 'hex';

export function formatted(o: Observed, form: Form, columns: number): string[] {
  switch (form) {
    case 'short':
      return [cut(shortLine(o), columns)];
    case 'json':
      return [jsonText(plain(o))];
    case 'hex':
      return [headLine(o), ...hexLines(o.copy.body), ''];
  }
}

function headLine(o: Observed): string {
  const time = new Date(o.at).toISOString().slice(11, 23);
  const from = o.from === '' ? o.host : o.from;
  const more = o.keys.length > 1 ? ` (+${o.keys.length - 1})` : '';
  return visible(
    `${time} ${o.type} ${from === '' ? '?' : from} > ${o.key}${more} ${shortText(o.bytes, 'size')}`,
  );
}

function shortLine(o: Observed): string {
  return `${headLine(o)} ${contentText(o)}`;
}

function contentText(o: Observed): string {
  if (o.data !== undefined) return dataText(o.data);
  if (o.control !== undefined) return JSON.stringify(o.control.body);
  return o.error ?? '';
}

function dataText({ second, reports }: DataMessage): string {
  const shown = reports.map(
    ({ fqid, lost, value }) => `${fqid}=${totalOf(value)}${lost > 0 ? ` (${lost} lost)` : ''}`,
  );
  return `second ${second}: ${shown.join(' ')}`;
}

function plain(o: Observed): unknown {
  const { at, key, keys, type, from, host, bytes } = o;
  return {
    at,
    key,
    ...(keys.length > 1 ? { keys } : {}),
    type,
    ...(from === '' ? {} : { from }),
    host,
    bytes,
    ...(o.control === undefined ? {} : { id: o.control.id, sent: o.control.time, body: o.control.body }),
    ...(o.data === undefined ? {} : { data: plainData(o.data) }),
    ...(o.error === undefined ? {} : { error: o.error, base64: o.copy.body.toString('base64') }),
  };
}

function plainData({ second, duration, sent, reports }: DataMessage): unknown {
  return { second, duration, sent, reports: reports.map(plainReport) };
}

/** Distributions stay as they are on the wire: [bucket, count, bucket, count, …]; the grid is the field's. */
function plainReport({ fqid, lost, value }: Report): unknown {
  return { fqid, lost, shape: value.shape, value: plainValue(value) };
}

function plainValue(value: Value): unknown {
  switch (value.shape) {
    case 'number':
      return value.number;
    case 'keyed':
      return Object.fromEntries(value.numbers);
    case 'distribution':
      return value.distribution;
    case 'keyed-distribution':
      return Object.fromEntries(value.distributions);
  }
}

const PER_LINE = 16;

/** As hexdump -C prints: offset, bytes, and their ASCII characters. */
export function hexLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const part = bytes.subarray(at, at + PER_LINE);
    const hex = [...part].map((b) => b.toString(16).padStart(2, '0'));
    const left = hex.slice(0, 8).join(' ').padEnd(23);
    const right = hex.slice(8).join(' ').padEnd(23);
    const text = [...part].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${left}  ${right}  |${text}|`);
  }
  return lines;
}
