import { metricName } from '../../common/model/metric';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { CASES } from './cases';
import { verdictOf } from './verdict';

test('every case is of a metric that there is, and has a witness and a tolerance', () => {
  const names = METRICS.map(metricName);
  for (const { metric, witness, tolerance } of CASES) {
    expect(names).toContain(metric);
    expect(witness).not.toBe('');
    expect(tolerance).toBeLessThanOrEqual(metric === 'cpu.thread_samples' ? 0.2 : 0.1);
  }
});

test('a miss is a difference above the tolerance, and a workload that did nothing', () => {
  expect(verdictOf(100, 100, 0)).toEqual({ isHeld: true, deviation: '+0.0 %' });
  expect(verdictOf(99, 100, 0)).toEqual({ isHeld: false, deviation: '-1.0 %' });
  expect(verdictOf(105, 100, 0.05).isHeld).toBe(true);
  expect(verdictOf(106, 100, 0.05).isHeld).toBe(false);
  expect(verdictOf(105, 100, 0, 110)).toEqual({ isHeld: true, deviation: '+0.0 %' });
  expect(verdictOf(121, 100, 0.05, 110).isHeld).toBe(false);
  expect(verdictOf(0, 0, 1).isHeld).toBe(false);
  expect(verdictOf(NaN, 10, 1).isHeld).toBe(false);
});
