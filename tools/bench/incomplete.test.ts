import { account } from './incomplete';

const base = { second: 100, fqid: 'global;1', waitedMs: 5000 };
const arrival = { messages: 10, lastMs: 6200, node: 'sim3', underWayMs: 150 };

test('what left too late is the load generator’s own', () => {
  const { text, ofLoadGenerator } = account({
    ...base,
    left: { nodes: 10, lateMs: 6050, late: { sim3: 6050 }, refused: [] },
    before: { missing: { 'global;1': ['sim3'] } },
    after: { arrival, missing: {} },
  });
  expect(ofLoadGenerator).toBe(true);
  expect(text).toBe(
    'second 100: of sim3 no report had come; 10 reports left, the last 6050 ms late; those of sim3 left after 5000 ms; ' +
      'the last came 6200 ms after the end, from sim3, 150 ms under way; all came in the end (the load generator’s own)',
  );
});

test('what left in time and came late, or never, is not', () => {
  const left = { nodes: 10, lateMs: 20, late: {}, refused: [] };
  const before = { missing: { 'global;1': ['sim3', 'sim4', 'sim5', 'sim6'] } };
  const late = account({
    ...base,
    left,
    before,
    after: { arrival: { ...arrival, underWayMs: 6180 }, missing: {} },
  });
  expect([late.ofLoadGenerator, late.text]).toEqual([false, expect.stringContaining('6180 ms under way')]);
  expect(late.text).toContain('of sim3, sim4, sim5 and 1 more no report had come');
  const never = account({ ...base, left, before, after: { missing: { 'global;1': ['sim3'] } } });
  expect(never.ofLoadGenerator).toBe(false);
  expect(never.text).toContain('sim3 never came');
});
