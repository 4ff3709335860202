import * as fc from 'fast-check';
import {
  COLORINGS,
  KEY_MODES,
  newPanel,
  readState,
  writeState,
  type PageState,
  type PanelState,
} from './url-state.ts';
import { PANEL_SIZES } from '../../../../common/model/board.ts';

const SEED = 20260105;

/** Text that survives UTF-8: a lone surrogate cannot be in an address. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const filled = text.filter((t) => t !== '');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const positive = fc.integer({ min: 1, max: 2_000_000_000 });

const panel: fc.Arbitrary<PanelState> = fc.record({
  id: filled,
  metric: text,
  by: fc.array(filled, { maxLength: 2 }),
  where: fc.oneof(
    fc.constant({}),
    text.map((t) => ({ eq: ['execname', t] })),
  ),
  granularity: positive,
  window: optional(positive),
  end: optional(positive),
  coloring: fc.constantFrom(...COLORINGS),
  axis: optional(fc.constantFrom('linear' as const, 'log' as const)),
  percentiles: fc.boolean(),
  stacked: fc.boolean(),
  mode: fc.constantFrom(...KEY_MODES),
  keys: fc.array(text, { maxLength: 4 }),
  pin: optional(fc.record({ time: positive, value: fc.double({ min: 0, max: 1e15, noNaN: true }) })),
  box: optional(
    fc.record({ start: positive, low: fc.nat(), span: positive, height: positive }).map((b) => ({
      start: b.start,
      end: b.start + b.span,
      low: b.low,
      high: b.low + b.height,
    })),
  ),
  own: optional(text.map((t) => ({ eq: ['execname', t] }))),
  title: optional(filled),
  size: fc.constantFrom(...PANEL_SIZES),
  trail: fc.array(
    fc.record(
      {
        by: fc.array(filled, { maxLength: 2 }),
        where: text.map((t) => ({ eq: ['execname', t] })),
        box: fc.constant({ start: 1, end: 2, low: 0, high: 5 }),
      },
      { requiredKeys: ['by', 'where'] },
    ),
    { maxLength: 3 },
  ),
  versus: optional(fc.oneof(fc.constant('300'), fc.constant('#7'))),
});

const state: fc.Arbitrary<PageState> = fc.record({
  kiosk: fc.boolean(),
  theme: optional(fc.constantFrom('light' as const, 'dark' as const)),
  panels: fc.array(panel, { maxLength: 4 }),
  zone: fc.constantFrom('local' as const, 'utc' as const),
  board: optional(fc.constantFrom('7', '~health', '~')),
  values: fc.dictionary(filled, filled, { maxKeys: 3 }).map((values) => new Map(Object.entries(values))),
});

const EMPTY: PageState = {
  kiosk: false,
  theme: undefined,
  panels: [],
  zone: 'local',
  board: undefined,
  values: new Map(),
};

test('whatever the page shows, its address brings it back', () => {
  fc.assert(
    fc.property(state, (shown) => {
      expect(readState(writeState(shown))).toEqual(shown);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('an address survives the browser, which may normalise it', () => {
  fc.assert(
    fc.property(state, (shown) => {
      const { search } = new URL(`http://ca.example/${writeState(shown)}`);
      expect(readState(search)).toEqual(shown);
    }),
    { seed: SEED },
  );
});

test('the empty page has an empty address', () => {
  expect(writeState(EMPTY)).toBe('');
});

test('an address a person can read', () => {
  const shown = {
    ...newPanel('3'),
    metric: 'disk.physio_ops',
    by: ['disk', 'latency'],
    keys: ['sda'],
    window: 300,
  };
  expect(writeState({ ...EMPTY, kiosk: true, panels: [shown] })).toBe(
    '?panel=3~metric=disk.physio_ops~by=disk~by=latency~window=300~key=sda&kiosk',
  );
});

test.each([
  '?panel=',
  '?panel=%',
  '?panel=~~~',
  '?panel=1~window=-5~end=abc~color=blue~axis=up~pin=1~box=5,1,2,3~versus=%3Cscript%3E',
  '?panel=1~where=%7Bnot json',
  '?panel=1~where=[1]',
  '?kiosk=0&theme=plaid&__proto__=1',
  '?board=../../x&zone=mars&var=a&var=~b',
  '?panel=1~size=huge~title=~trail=[1,null,{"by":3}]',
  '?panel=1~trail={',
])('a broken address (%s) is read as far as it makes sense', (query) => {
  const { panels, kiosk, theme } = readState(query);
  expect({ kiosk, theme }).toEqual({ kiosk: false, theme: undefined });
  for (const one of panels) expect(one).toEqual({ ...newPanel(one.id), id: one.id });
});

test('no text makes reading an address throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (query) => {
      readState(query);
    }),
    { seed: SEED },
  );
});

test.each([
  ['1700000000', 1_700_000_030],
  ['1700000000500', 1_700_000_031],
  ['2023-11-14T22%3A13%3A20Z', 1_700_000_030],
  ['1999999999', 1_800_000_000],
])('at=%s shows that moment in each panel that has no end of its own', (at, end) => {
  const { panels } = readState(`?panel=1&panel=2~end=5&at=${at}`, 1_800_000_000);
  expect(panels.map((panel) => panel.end)).toEqual([end, 5]);
});

test.each(['soon', '-5', '', '%', '2023-99-99T00:00:00Z'])('at=%s is left out', (at) => {
  expect(readState(`?panel=1&at=${at}`).panels[0]?.end).toBeUndefined();
});
