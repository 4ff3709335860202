import { fieldType } from '../../../../common/model/field';
import { gridOfInstrumentation } from '../../../../common/model/instrumentation';
import { isDistribution } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import { metricName } from '../../../../common/model/metric';
import { ask, HandClock } from '../../testing/fakes';
import { FIELDS } from '../../metrics/language/fields';
import { METRICS } from '../../metrics/registry';
import { pointsAt } from './events';
import { openSynthetic, syntheticValue } from './source';
import { drift } from './random';

const START = 1_700_000_000;
const ORIGIN = { seed: 1, node: 'n1' };

test('every metric of the registry is offered with all its fields', () => {
  const offers = openSynthetic({ host: 'n1', clock: new HandClock(START), seed: 1 }).offers();
  expect(offers).toEqual(METRICS.map((m) => ({ metric: metricName(m), fields: m.fields })));
});

test('a value follows from seed, node, metric and second alone', () => {
  const question = ask('syscall.syscalls', ['execname', 'latency']);
  const value = syntheticValue(question, START, ORIGIN);
  expect(syntheticValue(question, START, ORIGIN)).toEqual(value);
  expect(syntheticValue(question, START + 1, ORIGIN)).not.toEqual(value);
  expect(syntheticValue(question, START, { seed: 2, node: 'n1' })).not.toEqual(value);
  expect(syntheticValue(question, START, { seed: 1, node: 'n2' })).not.toEqual(value);
  expect(totalOf(syntheticValue(ask('syscall.syscalls'), START, ORIGIN))).toBe(totalOf(value));
});

test('a probe says what was foretold for the second it closed', async () => {
  const clock = new HandClock(START);
  const source = openSynthetic({ host: 'n1', clock, seed: 1 });
  const question = ask('disk.physio_ops', ['optype', 'latency']);
  const probe = await source.enable(question);
  clock.time = (START + 1) * 1000 + 3;
  probe.flip();
  expect(await probe.read()).toEqual({ value: syntheticValue(question, START, ORIGIN), lost: 0 });
});

test('five seconds of events are the sum of five; five seconds of things are the last', () => {
  const slow = ask('syscall.syscalls', [], { granularity: 10 });
  const each = [0, 1, 2, 3, 4].map((i) =>
    totalOf(syntheticValue(ask('syscall.syscalls'), START + i, ORIGIN)),
  );
  expect(totalOf(syntheticValue(slow, START, ORIGIN))).toBe(each.reduce((a, b) => a + b));
  expect(syntheticValue(ask('cpu.cpus', ['utilization'], { granularity: 10 }), START, ORIGIN)).toEqual(
    syntheticValue(ask('cpu.cpus', ['utilization']), START + 4, ORIGIN),
  );
});

test('predicates are obeyed: a field and its complement make the whole', () => {
  const total = (predicate: unknown) =>
    totalOf(syntheticValue(ask('syscall.syscalls', [], { predicate }), START, ORIGIN));
  const reads = total({ eq: ['syscall', 'read'] });
  expect(reads).toBeGreaterThan(0);
  expect(reads + total({ ne: ['syscall', 'read'] })).toBe(total({}));
  expect(total({ eq: ['hostname', 'n1'] })).toBe(total({}));
  expect(total({ eq: ['hostname', 'n2'] })).toBe(0);
});

test.each(METRICS.map((m) => [metricName(m), m] as const))(
  '%s has data with every one of its fields, on its grid',
  (name, metric) => {
    const points = pointsAt(metric, START, ORIGIN);
    expect(points.length).toBeGreaterThan(0);
    for (const point of points) {
      expect(Object.keys(point.fields).sort()).toEqual([...metric.fields].sort());
      expect(Number.isSafeInteger(point.value) && point.value >= 0).toBe(true);
    }
    for (const field of metric.fields) {
      const question = ask(name, [field]);
      const value = syntheticValue(question, START, ORIGIN);
      if (fieldType(FIELDS[field].type).arity === 'discrete') {
        expect(value.shape === 'keyed' && value.numbers.size).toBeGreaterThan(0);
      } else {
        expect(value.shape === 'distribution' && value.distribution.length).toBeGreaterThan(0);
        if (value.shape === 'distribution') {
          expect(isDistribution(value.distribution, gridOfInstrumentation(question))).toBe(true);
        }
      }
    }
  },
);

test('things are the same every second, and their numbers drift rather than jump', () => {
  const cpus = METRICS.find((m) => metricName(m) === 'cpu.cpus')!;
  const names = (second: number) => pointsAt(cpus, second, ORIGIN).map(({ fields }) => fields['cpu']);
  expect(names(START)).toEqual(names(START + 1000));
  for (let s = START; s < START + 200; s++) {
    expect(Math.abs(drift(s + 1, 'a') - drift(s, 'a'))).toBeLessThan(0.1);
  }
});
