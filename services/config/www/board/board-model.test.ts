import type { Board } from '../../../../common/model/board.ts';
import type { Catalogue, Instrumentation } from '../model/answers.ts';
import {
  boardOf,
  narrowedPanel,
  questionFor,
  runningLike,
  stateOf,
  valuesFor,
  variablesOf,
} from './board-model.ts';
import { startersFor } from './starters.ts';

const text = { label: 'x', type: 'string' };
const metric = (module: string, stat: string, fields: string[]) => ({
  module,
  stat,
  label: stat,
  interval: 'interval',
  fields,
});
const CATALOGUE = {
  modules: {},
  types: {},
  fields: { hostname: text, execname: text, latency: { label: 'latency', type: 'time' }, disk: text },
  metrics: [
    metric('fs', 'syncs', ['hostname', 'execname', 'latency']),
    metric('disk', 'physio_ops', ['hostname', 'disk', 'latency']),
  ],
} as unknown as Catalogue;

const PANEL = {
  module: 'fs',
  stat: 'syncs',
  decomposition: ['execname', 'latency'],
  predicate: { ge: ['latency', 1000] },
  granularity: 1,
  title: 'Syncs',
  size: 'wide',
  percentiles: true,
  keys: ['db'],
} as const;
const BOARD: Board = { name: 'B', window: 300, variables: [{ field: 'execname' }], panels: [PANEL] };

function shown(values: ReadonlyMap<string, string>) {
  const question = questionFor(PANEL, values, CATALOGUE);
  if (question === undefined) throw new Error('not offered');
  return stateOf(PANEL, '7', question, 300);
}

test('a board that is shown and made into a board again is the same, narrowed or not', () => {
  for (const values of [new Map(), new Map([['execname', 'db']])]) {
    const { panels, window } = boardOf('B', [shown(values)], new Map(), ['execname']);
    expect({ panels, window }).toEqual({ panels: BOARD.panels, window: 300 });
  }
});

test('taking a variable back gives the panel’s own question', () => {
  const narrow = shown(new Map([['execname', 'db']]));
  expect(narrow.where).toEqual({ and: [PANEL.predicate, { eq: ['execname', 'db'] }] });
  expect(narrowedPanel(narrow, new Map(), CATALOGUE)?.predicate).toEqual(PANEL.predicate);
});

test('a panel whose metric or field nothing offers asks nothing', () => {
  expect(questionFor({ ...PANEL, stat: 'other' }, new Map(), CATALOGUE)).toBeUndefined();
  expect(questionFor({ ...PANEL, decomposition: ['zonename'] }, new Map(), CATALOGUE)).toBeUndefined();
});

test('what runs already is shared, unless it is paused or asks something else', () => {
  const question = questionFor(PANEL, new Map(), CATALOGUE);
  if (question === undefined) throw new Error('not offered');
  const i = { ...question, id: '3' } as Instrumentation;
  expect(runningLike(question, [{ ...i, granularity: 5 }, i])?.id).toBe('3');
  expect(runningLike(question, [{ ...i, enabled: false }])).toBeUndefined();
});

test('the address overrules what a board proposes, and fields that nothing has are not offered', () => {
  const board: Board = {
    ...BOARD,
    variables: [
      { field: 'execname', value: 'db' },
      { field: 'zonename', value: 'z' },
    ],
  };
  expect([...valuesFor(board, new Map([['execname', 'web']]))]).toEqual([
    ['execname', 'web'],
    ['zonename', 'z'],
  ]);
  expect(variablesOf(board, CATALOGUE)).toEqual(['execname']);
  expect(variablesOf(undefined, CATALOGUE)).toEqual(['hostname', 'execname']);
});

test('the three proposals ask only for what there is, and say how much there is not', () => {
  const starters = startersFor(CATALOGUE);
  expect(starters.map(({ board }) => board.name)).toEqual(['Machine health', 'Storage']);
  for (const { board } of starters)
    for (const panel of board.panels) expect(questionFor(panel, new Map(), CATALOGUE)).toBeDefined();
  expect(starters.at(-1)?.missing).toBe(6);
  expect(startersFor({ ...CATALOGUE, metrics: [] })).toEqual([]);
});
