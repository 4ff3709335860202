import { ask } from '../../services/instrumenter/testing/fakes';
import { LOG_GRID } from '../../common/model/bucket';
import { add, type Value } from '../../common/model/value';
import { Amounts } from './amounts';
import { Ledger, type Reading } from './ledger';
import { plan } from './plan';

const NODES = ['sim0', 'sim1', 'sim2', 'sim3', 'sim4'];
const amounts = new Amounts(7, NODES);
const SECOND = 1_700_000_000;

function book(): Ledger {
  const ledger = new Ledger();
  for (const node of NODES) {
    for (const second of [SECOND, SECOND + 1]) {
      ledger.make({ fqid: 'global;1', node, second, amount: amounts.amount(node, second, 1) });
    }
  }
  return ledger;
}

const all = (second: number): Map<string, number> =>
  new Map(NODES.map((node) => [node, amounts.amount(node, second, 1)]));

function reading(second: number, change: Partial<Reading> = {}): Reading {
  return { fqid: 'global;1', second, amounts: all(second), expected: 5, reporting: 5, late: 0, ...change };
}

test('the book balances when every value is there, or said to be missing, or given up', () => {
  expect(book().balance([reading(SECOND), reading(SECOND + 1, { late: 2 })])).toMatchObject({
    balances: true,
    counts: { present: 5, late: 5 },
  });
  const without = all(SECOND);
  without.delete('sim3');
  const told = reading(SECOND, { amounts: without, reporting: 4 });
  expect(book().balance([told, reading(SECOND + 1)])).toMatchObject({
    balances: true,
    counts: { missing: 1 },
  });
  const ledger = book();
  ledger.giveUp('global;1', 'sim3', SECOND);
  const untold = reading(SECOND, { amounts: without, reporting: 4, expected: 4 });
  expect(ledger.balance([untold, reading(SECOND + 1)])).toMatchObject({
    balances: true,
    counts: { givenUp: 1 },
  });
});

test.each([
  ['silent', { amounts: new Map([...all(SECOND)].slice(1)), reporting: 4, expected: 4 }],
  ['doubled', { amounts: all(SECOND).set('sim2', 2 * amounts.amount('sim2', SECOND, 1)) }],
  ['wrong', { amounts: all(SECOND + 1) }],
  ['wrong', { reporting: 3 }],
] as const)('one value that is %s, and it does not balance (%#)', (verdict, change) => {
  const { balances, counts, defects } = book().balance([reading(SECOND, change), reading(SECOND + 1)]);
  expect(balances).toBe(false);
  expect(counts[verdict]).toBeGreaterThan(0);
  expect(defects.length).toBeGreaterThan(0);
});

describe('of values on disk', () => {
  const without = all(SECOND);
  without.delete('sim3');
  const readings = [reading(SECOND, { amounts: without, reporting: 4 }), reading(SECOND + 1)];
  const end = (SECOND + 1) * 1000;

  test('none may be missing, though the others may', () => {
    const ledger = book();
    ledger.keeps('global;2', 1000);
    expect(ledger.balance(readings)).toMatchObject({ balances: true, counts: { missing: 1, unkept: 0 } });
    ledger.keeps('global;1', 1000);
    expect(ledger.balance(readings)).toMatchObject({
      balances: false,
      counts: { missing: 0, unkept: 1, present: 9 },
      defects: [`unkept: global;1 second ${SECOND} lacks sim3; 4 of 5 reported, it says`],
    });
  });

  test.each([
    ['in the middle of it', end - 500, true],
    ['just after it', end + 1900, true],
    ['before it', end - 1100, false],
    ['when it must have been on disk', end + 2100, false],
    ['a minute later', end + 60_000, false],
  ])('the second in which an aggregator is killed may be, and no other: killed %s', (_when, at, balances) => {
    const ledger = book();
    ledger.keeps('global;1', 1000);
    ledger.killed(at);
    expect(ledger.balance(readings).balances).toBe(balances);
  });
});

test.each([
  ['its node', ['sim3'], (SECOND + 5) * 1000, true],
  ['another node', ['sim2'], (SECOND + 5) * 1000, false],
  ['its node, before', ['sim3'], SECOND * 1000 - 1, false],
  ['its node, when it could have been sent again for a minute', ['sim3'], (SECOND + 62) * 1000, false],
])('of values on disk one may be missing when power was cut of %s', (_who, nodes, at, balances) => {
  const without = all(SECOND);
  without.delete('sim3');
  const ledger = book();
  ledger.keeps('global;1', 1000);
  ledger.powerCut(nodes, at);
  const told = reading(SECOND, { amounts: without, reporting: 4 });
  expect(ledger.balance([told, reading(SECOND + 1)]).balances).toBe(balances);
  // Whatever happened to it, no reply may claim to be complete.
  const untold = reading(SECOND, { amounts: without, reporting: 4, expected: 4 });
  expect(ledger.balance([untold, reading(SECOND + 1)]).counts.silent).toBe(1);
});

test.each<[string, (readonly [at: number, target: string])[], boolean]>([
  ['none was killed', [], false],
  [
    'one was killed twice',
    [
      [1000, 'a'],
      [20_000, 'a'],
    ],
    false,
  ],
  [
    'both were killed within a minute',
    [
      [1000, 'a'],
      [20_000, 'b'],
    ],
    true,
  ],
  [
    'the second one was killed when the first had copied',
    [
      [1000, 'a'],
      [70_000, 'b'],
    ],
    false,
  ],
  [
    'both were killed long before',
    [
      [-200_000, 'a'],
      [-190_000, 'b'],
    ],
    false,
  ],
])(
  'of values in two aggregators one may not be missing unless both lost it: %s',
  (_what, kills, balances) => {
    const without = all(SECOND);
    without.delete('sim3');
    const ledger = book();
    ledger.replicates('global;1');
    for (const [at, target] of kills) ledger.killed(SECOND * 1000 + at, target);
    const told = reading(SECOND, { amounts: without, reporting: 4 });
    expect(ledger.balance([told, reading(SECOND + 1)]).balances).toBe(balances);
  },
);

test('what nobody read is not accounted for', () => {
  expect(book().balance([reading(SECOND)])).toMatchObject({ balances: false, counts: { unread: 5 } });
});

test.each([[[]], [['execname']], [['latency']]])(
  'a sum over nodes can be taken apart again (%j)',
  (decomposition) => {
    const question = ask('syscall.syscalls', decomposition);
    const who = ['sim0', 'sim2', 'sim4'];
    const sum = who.map((node) => amounts.value(question, node, SECOND)).reduce(add);
    const found = amounts.takeApart(sum.shape, plain(sum));
    expect(found).toEqual(new Map(who.map((node) => [node, amounts.amount(node, SECOND, 1)])));
  },
);

/** As the API prints it, as far as takeApart looks. */
function plain(value: Value): unknown {
  switch (value.shape) {
    case 'number':
      return value.number;
    case 'keyed':
      return Object.fromEntries(value.numbers);
    case 'distribution': {
      const pairs = [];
      for (let i = 0; i < value.distribution.length; i += 2) {
        const bucket = value.distribution[i] ?? 0;
        const range = [LOG_GRID.floorOf(bucket), LOG_GRID.ceilOf(bucket)];
        pairs.push([range, value.distribution[i + 1]]);
      }
      return pairs;
    }
    default:
      throw new Error(value.shape);
  }
}

test('a plan is the same for the same seed, has a fault in any 10 s, and each kind before any comes thrice', () => {
  const parties = { links: ['config', 'a', 'b'], services: ['config', 'aggregator-0'], fleets: ['b'] };
  for (let seed = 1; seed <= 50; seed++) {
    const faults = plan(seed, 600_000, parties);
    expect(plan(seed, 600_000, parties)).toEqual(faults);
    expect(faults.length).toBeGreaterThan(60);
    for (let i = 1; i < faults.length; i++) expect(faults[i]!.at - faults[i - 1]!.at).toBeLessThan(10_000);
    expect(new Set(faults.slice(0, 18).map(({ fault }) => fault.kind)).size).toBe(13);
  }
});
