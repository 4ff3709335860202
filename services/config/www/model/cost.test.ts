import { costDetails, costText } from './cost.ts';

const COST = {
  nodes: 2,
  runs_per_second: 12_345.6,
  ns_per_run: 149.7,
  percent_of_core: 0.1848,
  memory_bytes: 409_600,
  worst: { node: 'db-1', percent_of_core: 0.15 },
};

test('cost is a share of one core, with the node that pays most', () => {
  expect(costText(COST)).toBe('0.18 % of a core');
  expect(costDetails(COST)).toBe(
    'Counting costs 0.18 % of one core on 2 nodes together, most on db-1: 0.15 %; 12,346 runs a second of 150 ns; 400 KiB in the kernel.',
  );
  expect(costDetails({ ...COST, nodes: 1 })).toContain('0.18 % of one core on db-1; 12,346');
});

test('what is too little to be told is not told as nothing', () => {
  expect(costText({ ...COST, percent_of_core: 0.0004 })).toBe('less than 0.01 % of a core');
  expect(costText({ ...COST, percent_of_core: 0 })).toBe('0 % of a core');
  expect(costText({ ...COST, percent_of_core: 123.4 })).toBe('120 % of a core');
  expect(costText(undefined)).toBe('');
  expect(costDetails(undefined)).toBe('');
});

test('customers do not learn which node it is, and see the cost all the same', () => {
  const { worst: _worst, ...cost } = COST;
  expect(costDetails(cost)).toContain('0.18 % of one core on 2 nodes together; 12,346');
  expect(costDetails({ ...cost, nodes: 1 })).toContain('0.18 % of one core on one node; 12,346');
});
