import { LIMITS } from '../../../common/service/limits';
import { Expected, Roster } from './roster';

function setUp() {
  const clock = { time: 0, now: () => clock.time };
  const roster = new Roster(clock);
  roster.take({
    to: '1',
    put: [
      { catalogue: 'linux', names: ['web-1', 'web-2', 'db-1'] },
      { catalogue: 'illumos', names: ['old-1'] },
    ],
    drop: [],
  });
  return { clock, roster };
}

test('a scope names catalogues and hosts; exceptions are not expected, but their reports count', () => {
  const { roster } = setUp();
  const scope = { catalogues: ['linux'], hosts: ['web-*'], except: ['web-2'] };
  const expected = new Expected(scope, roster, true);
  expect(expected.nodes).toEqual(['web-1']);
  expect(['web-1', 'web-2', 'db-1', 'old-1', 'ghost'].map((node) => roster.counts(node, expected))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(new Expected({ catalogues: ['linux', 'illumos'], except: [] }, roster, true).size).toBe(4);
});

test('changes apply to the version that they were made from, and to no other', () => {
  const { roster } = setUp();
  const expected = new Expected({ catalogues: ['linux'], except: [] }, roster, true);
  roster.take({ from: '1', to: '2', put: [{ catalogue: 'linux', names: ['web-3'] }], drop: ['web-1'] });
  expect([expected.nodes, roster.version]).toEqual([['web-2', 'db-1', 'web-3'], '2']);
  roster.take({ from: '3', to: '4', put: [], drop: ['web-2'] });
  expect([expected.size, roster.version]).toEqual([3, '2']);
});

test('a list in parts applies when the last one has come', () => {
  const { roster } = setUp();
  roster.take({ to: '9.1', put: [{ catalogue: 'linux', names: ['a'] }], drop: [], more: true });
  expect([roster.version, roster.size]).toEqual(['1', 4]);
  roster.take({ from: '9.1', to: '9', put: [{ catalogue: 'linux', names: ['b'] }], drop: [] });
  expect([roster.version, [...roster.nodes.keys()]]).toEqual(['9', ['a', 'b']]);
  roster.take({
    from: '9',
    to: '10.1',
    put: [{ catalogue: 'linux', names: ['c'] }],
    drop: ['a'],
    more: true,
  });
  expect([...roster.nodes.keys()]).toEqual(['a', 'b']);
  roster.take({ from: '10.1', to: '10', put: [], drop: ['b'] });
  expect([...roster.nodes.keys()]).toEqual(['c']);
});

test('reports of a dropped node still count for a while: they may be on the way', () => {
  const { clock, roster } = setUp();
  const scope = new Expected({ catalogues: ['linux'], except: [] }, roster, true);
  roster.take({ from: '1', to: '2', put: [], drop: ['web-1'] });
  roster.take({ to: '3', put: [{ catalogue: 'linux', names: ['web-1'] }], drop: [] }); // it is back, the others left
  roster.take({ from: '3', to: '4', put: [], drop: ['web-1'] });
  expect([scope.size, roster.counts('web-1', scope), roster.counts('web-2', scope)]).toEqual([0, true, true]);
  clock.time += LIMITS.formerNodeMs + 1;
  roster.tick();
  expect([roster.counts('web-1', scope), roster.counts('web-2', scope)]).toEqual([false, false]);
});

test('for a paused instrumentation no node is expected, and reports in flight count', () => {
  const { roster } = setUp();
  const paused = new Expected({ catalogues: ['linux'], except: [] }, roster, false);
  expect([paused.size, paused.has('web-1'), roster.counts('web-1', paused)]).toEqual([0, false, true]);
});

test('no report of a barred node counts, not even in flight, whatever else the message contains', () => {
  const { roster } = setUp();
  const expected = new Expected({ catalogues: ['linux'], except: [] }, roster, true);
  roster.take({ from: '1', to: '2', put: [], drop: ['web-2'] });
  expect(roster.counts('web-2', expected)).toBe(true);
  roster.take({ from: '2', to: '3', put: [], drop: ['web-1'], barred: ['web-1', 'web-2'] });
  expect(['web-1', 'web-2', 'db-1'].map((node) => roster.counts(node, expected))).toEqual([
    false,
    false,
    true,
  ]);
  // A change of another version is ignored, but not this part of it.
  roster.take({ from: '9', to: '10', put: [], drop: [], barred: ['db-1'] });
  expect([roster.counts('db-1', expected), expected.nodes]).toEqual([false, []]);
});
