/*
 * Everything the page shows, in its address: panels, what they ask, how they look, what is selected, pinned or boxed.
 * In: the query part of the address. Out: the state; and back. Unknown or broken parts are left out, never fatal.
 *
 * at=<time> is for links from elsewhere: seconds, milliseconds or ISO 8601; panels without an end show that moment.
 *
 * panel=<id>~metric=cpu.cpus~by=…~where=<JSON>~window=300~… : '~' between properties, values percent-encoded.
 */
import type { Predicate } from './answers.ts';
import type { COLORINGS as ALL_COLORINGS } from '../../../../common/api/heatmap.ts';
import type { Scale } from '../../../../common/model/axis.ts';
import { PANEL_SIZES, type PanelSize } from '../../../../common/model/board.ts';
import type { Box } from './box-predicate.ts';
import { readTrail, writeTrail, type Step } from './trail.ts';
import type { Zone } from './zone.ts';

/** How counts become colours. */
export type Coloring = (typeof ALL_COLORINGS)[number];
export const COLORINGS: readonly Coloring[] = ['rank', 'linear', 'log'];

export type KeyMode = 'highlight' | 'isolate' | 'exclude' | 'all';
export const KEY_MODES: readonly KeyMode[] = ['highlight', 'isolate', 'exclude', 'all'];

export interface PanelState {
  readonly id: string;
  /** What it asked, so that a link still says something when the instrumentation is gone. */
  readonly metric: string;
  readonly by: readonly string[];
  readonly where: Predicate;
  readonly granularity: number;
  /** Seconds shown; undefined: the panel's own choice. */
  readonly window: number | undefined;
  /** Seconds since 1970 at the right edge; undefined: now, and moving. */
  readonly end: number | undefined;
  readonly coloring: Coloring;
  /** undefined: chosen from the data. */
  readonly axis: Scale | undefined;
  readonly percentiles: boolean;
  readonly stacked: boolean;
  readonly mode: KeyMode;
  readonly keys: readonly string[];
  readonly pin: { readonly time: number; readonly value: number } | undefined;
  readonly box: Box | undefined;
  /** The panel's own predicate, while variables of a board narrow what it asks. */
  readonly own: Predicate | undefined;
  readonly title: string | undefined;
  readonly size: PanelSize;
  /** The way to this question. */
  readonly trail: readonly Step[];
  /** Beside what: another instrumentation ("#3"), or itself so many seconds ago ("300"). */
  readonly versus: string | undefined;
}

export interface PageState {
  readonly kiosk: boolean;
  readonly theme: 'light' | 'dark' | undefined;
  readonly panels: readonly PanelState[];
  readonly zone: Zone;
  /** The board that the panels belong to, and values of its variables. */
  readonly board: string | undefined;
  readonly values: ReadonlyMap<string, string>;
}

export function newPanel(id: string): PanelState {
  return {
    id,
    metric: '',
    by: [],
    where: {},
    granularity: 1,
    window: undefined,
    end: undefined,
    coloring: 'rank',
    axis: undefined,
    percentiles: false,
    stacked: true,
    mode: 'highlight',
    keys: [],
    pin: undefined,
    box: undefined,
    versus: undefined,
    own: undefined,
    title: undefined,
    size: 'normal',
    trail: [],
  };
}

export function writeState(state: PageState): string {
  const parts = [
    ...(state.board === undefined ? [] : [`board=${encode(state.board)}`]),
    ...[...state.values].map(([field, value]) => `var=${encode(field)}~${encode(value)}`),
    ...state.panels.map((p) => `panel=${writePanel(p)}`),
  ];
  if (state.theme !== undefined) parts.push(`theme=${state.theme}`);
  if (state.zone === 'utc') parts.push('zone=utc');
  if (state.kiosk) parts.push('kiosk');
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function writePanel(p: PanelState): string {
  const fields: [string, string][] = [];
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') fields.push([name, value]);
  };
  put('metric', p.metric);
  for (const field of p.by) put('by', field);
  put('where', Object.keys(p.where).length === 0 ? undefined : JSON.stringify(p.where));
  put('granularity', p.granularity === 1 ? undefined : String(p.granularity));
  put('window', p.window?.toString());
  put('end', p.end?.toString());
  put('color', p.coloring === 'rank' ? undefined : p.coloring);
  put('axis', p.axis);
  put('percentiles', p.percentiles ? 'on' : undefined);
  put('stacked', p.stacked ? undefined : 'off');
  put('mode', p.mode === 'highlight' ? undefined : p.mode);
  for (const key of p.keys) fields.push(['key', key]);
  put('pin', p.pin === undefined ? undefined : `${p.pin.time},${p.pin.value}`);
  put('box', p.box === undefined ? undefined : [p.box.start, p.box.end, p.box.low, p.box.high].join(','));
  put('versus', p.versus);
  put('own', p.own === undefined ? undefined : JSON.stringify(p.own));
  put('title', p.title);
  put('trail', writeTrail(p.trail));
  put('size', p.size === 'normal' ? undefined : p.size);
  return [encode(p.id), ...fields.map(([name, value]) => `${name}=${encode(value)}`)].join('~');
}

/** encodeURIComponent leaves "~" alone, but it is our separator. */
function encode(text: string): string {
  // A lone surrogate cannot be encoded; it becomes the replacement character, as it would on the wire.
  return encodeURIComponent(text.toWellFormed()).replaceAll('~', '%7E');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** After the moment that a link speaks of, so that it is not at the very edge. */
const AFTER_SECONDS = 30;

export function readState(query: string, now = Date.now() / 1000): PageState {
  const parts = query.replace(/^\?/, '').split('&');
  const panels: PanelState[] = [];
  let theme: PageState['theme'];
  let kiosk = false;
  let zone: Zone = 'local';
  let board: string | undefined;
  const values = new Map<string, string>();
  let at: number | undefined;
  for (const part of parts) {
    const [name, value = ''] = splitOnce(part, '=');
    if (name === 'panel') {
      const panel = readPanel(value);
      if (panel !== undefined) panels.push(panel);
    } else if (name === 'at') at = moment(decode(value));
    else if (name === 'theme') theme = value === 'light' || value === 'dark' ? value : undefined;
    else if (name === 'zone') zone = value === 'utc' ? 'utc' : 'local';
    else if (name === 'board')
      board = /^(~?\w{0,64})$/.test(decode(value)) && value !== '' ? decode(value) : undefined;
    else if (name === 'var') {
      const [field = '', text = ''] = value.split('~').map(decode);
      if (field !== '' && text !== '') values.set(field, text);
    } else if (name === 'kiosk') kiosk = value !== '0' && value !== 'false';
  }
  const page = { kiosk, theme, zone, board, values };
  if (at === undefined) return { ...page, panels };
  const end = Math.max(1, Math.ceil(Math.min(at + AFTER_SECONDS, now)));
  return { ...page, panels: panels.map((panel) => ({ ...panel, end: panel.end ?? end })) };
}

function readPanel(text: string): PanelState | undefined {
  const [id = '', ...fields] = text.split('~');
  if (decode(id) === '') return undefined;
  const values = new Map<string, string[]>();
  for (const field of fields) {
    const [name, value = ''] = splitOnce(field, '=');
    values.set(name, [...(values.get(name) ?? []), decode(value)]);
  }
  const one = (name: string): string | undefined => values.get(name)?.[0];
  const base = newPanel(decode(id));
  const numbers = (name: string, count: number): readonly number[] | undefined => {
    const list = one(name)?.split(',').map(Number);
    return list?.length === count && list.every(Number.isFinite) ? list : undefined;
  };
  const pin = numbers('pin', 2);
  const box = numbers('box', 4);
  return {
    ...base,
    metric: one('metric') ?? '',
    by: values.get('by') ?? [],
    where: readPredicateJson(one('where')),
    granularity: positive(one('granularity')) ?? 1,
    window: positive(one('window')),
    end: positive(one('end')),
    coloring: COLORINGS.find((c) => c === one('color')) ?? base.coloring,
    axis: (['linear', 'log'] as const).find((a) => a === one('axis')),
    percentiles: one('percentiles') === 'on',
    stacked: one('stacked') !== 'off',
    mode: KEY_MODES.find((m) => m === one('mode')) ?? base.mode,
    keys: values.get('key') ?? [],
    pin: pin === undefined ? undefined : { time: pin[0] ?? 0, value: pin[1] ?? 0 },
    box: box === undefined ? undefined : readBox(box),
    own: one('own') === undefined ? undefined : readPredicateJson(one('own')),
    title: one('title') === '' ? undefined : one('title')?.slice(0, 80),
    trail: readTrail(one('trail')),
    size: PANEL_SIZES.find((s) => s === one('size')) ?? 'normal',
    versus: /^(#\d{1,15}|[1-9]\d{0,6})$/.test(one('versus') ?? '') ? one('versus') : undefined,
  };
}

function readBox([start = 0, end = 0, low = 0, high = 0]: readonly number[]): Box | undefined {
  return end > start && high > low ? { start, end, low, high } : undefined;
}

function readPredicateJson(text: string | undefined): Predicate {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Predicate)
      : {};
  } catch {
    return {};
  }
}

/** Seconds since 1970. Eleven digits are seconds for the next 3,000 years; more are milliseconds, as Grafana has them. */
function moment(text: string): number | undefined {
  if (/^\d{1,14}(\.\d{1,9})?$/.test(text)) return Number(text) >= 1e11 ? Number(text) / 1000 : Number(text);
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isFinite(ms) && ms > 0 ? ms / 1000 : undefined;
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return text !== undefined && Number.isInteger(number) && number > 0 ? number : undefined;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
