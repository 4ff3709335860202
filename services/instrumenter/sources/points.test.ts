import { LOG_GRID } from '../../../common/model/bucket';
import { LIMITS } from '../../../common/service/limits';
import { ask } from '../testing/fakes';
import { PointTally, valueOf, type Point } from './points';

const io = (disk: string, optype: string, latency: number, value = 1): Point => ({
  fields: { hostname: 'n', disk, optype, latency },
  value,
});
const POINTS = [
  io('a', 'read', 5),
  io('a', 'write', 1234),
  io('b', 'read', 1250),
  io('b', 'read', 99),
  io('b', 'write', 5, 2),
];
const question = (decomposition: string[], predicate: unknown = {}) =>
  ask('disk.physio_ops', decomposition, { predicate });

test('without a breakdown points add up', () => {
  expect(valueOf(question([]), POINTS)).toEqual({ shape: 'number', number: 6 });
  expect(valueOf(question([]), [])).toEqual({ shape: 'number', number: 0 });
});

test('a discrete field makes keys, a numeric one buckets, both together a distribution per key', () => {
  expect(valueOf(question(['disk']), POINTS)).toEqual({
    shape: 'keyed',
    numbers: new Map([
      ['a', 2],
      ['b', 4],
    ]),
  });
  const bucket = LOG_GRID.bucketOf(1234);
  expect(valueOf(question(['latency']), POINTS)).toEqual({
    shape: 'distribution',
    distribution: [5, 3, 99, 1, bucket, 2],
  });
  expect(valueOf(question(['optype', 'latency']), POINTS)).toEqual({
    shape: 'keyed-distribution',
    distributions: new Map([
      ['read', [5, 1, 99, 1, bucket, 1]],
      ['write', [5, 2, bucket, 1]],
    ]),
  });
});

test('the predicate decides before anything is grouped', () => {
  const predicate = { and: [{ eq: ['disk', 'b'] }, { lt: ['latency', 1000] }] };
  expect(valueOf(question(['optype'], predicate), POINTS)).toEqual({
    shape: 'keyed',
    numbers: new Map([
      ['read', 1],
      ['write', 2],
    ]),
  });
});

test('a point without the field asked for is in no group', () => {
  const points = [{ fields: { disk: 'a' }, value: 1 }, io('b', 'read', 5)];
  expect(valueOf(question(['latency']), points)).toMatchObject({ distribution: [5, 1] });
});

test('names like those of JavaScript objects are keys as any other', () => {
  const points = ['__proto__', 'constructor', '__proto__'].map((disk) => io(disk, 'read', 1));
  expect(valueOf(question(['disk']), points)).toMatchObject({
    numbers: new Map([
      ['__proto__', 2],
      ['constructor', 1],
    ]),
  });
});

test('long keys are cut between characters', () => {
  const value = valueOf(question(['disk']), [io('€'.repeat(100), 'read', 1)]);
  const [key = ''] = value.shape === 'keyed' ? value.numbers.keys() : [];
  expect(key).toBe('€'.repeat(Math.floor(LIMITS.keyBytes / 3)));
});

test('taking empties the tally', () => {
  const tally = new PointTally(question([]));
  tally.add(io('a', 'read', 1));
  expect(tally.take()).toMatchObject({ number: 1 });
  expect(tally.take()).toMatchObject({ number: 0 });
});
