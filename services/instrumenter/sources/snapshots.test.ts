import { ask } from '../testing/fakes';
import { snapshotProbe, type Measure, type Row } from './snapshots';

const MEASURE: Measure = {
  kind: 'counter',
  points: ({ fields }, { bytes = 0 }, nanoseconds) => [
    { fields: { ...fields, seconds: nanoseconds / 1e9 }, value: bytes },
  ],
};

function counted(measure: Measure = MEASURE) {
  const now = { rows: [] as readonly Row[] | Promise<readonly Row[]> | Error, at: 0 };
  const probe = snapshotProbe({
    question: ask('disk.physio_bytes', ['disk']),
    measure,
    look: () => {
      if (now.rows instanceof Error) throw now.rows;
      return now.rows;
    },
    elapsed: () => now.at,
    common: { hostname: 'n' },
  });
  const look = async (rows: readonly Row[] | Promise<readonly Row[]> | Error) => {
    now.rows = rows;
    now.at += 1e9;
    probe.flip();
    const { value } = await probe.read();
    return value.shape === 'keyed' ? Object.fromEntries(value.numbers) : undefined;
  };
  return { look };
}

const disk = (name: string, bytes: number): Row => ({
  key: name,
  fields: { disk: name },
  counters: { bytes },
});

test('the first look yields nothing, the next ones what has been added', async () => {
  const { look } = counted();
  expect(await look([disk('a', 1000)])).toEqual({});
  expect(await look([disk('a', 1500)])).toEqual({ a: 500 });
  expect(await look([disk('a', 1500)])).toEqual({});
});

test('a thing seen for the first time yields nothing, one that is gone nothing more', async () => {
  const { look } = counted();
  await look([disk('a', 0)]);
  expect(await look([disk('a', 1), disk('b', 900)])).toEqual({ a: 1 });
  expect(await look([disk('b', 901)])).toEqual({ b: 1 });
  // Back again: what it counted meanwhile is not known.
  expect(await look([disk('a', 50), disk('b', 903)])).toEqual({ b: 2 });
});

test('counters that went back yield nothing for that second', async () => {
  const { look } = counted();
  await look([disk('a', 1000)]);
  expect(await look([disk('a', 10)])).toEqual({});
  expect(await look([disk('a', 30)])).toEqual({ a: 20 });
});

test('a look that fails costs its own reading; the next is the difference to the last good one', async () => {
  const { look } = counted();
  await look([disk('a', 1)]);
  await expect(look(new Error('no'))).rejects.toThrow('no');
  await expect(look(Promise.reject(new Error('late no')))).rejects.toThrow('late no');
  expect(await look([disk('a', 4)])).toEqual({ a: 3 });
});

test('gauges stand for themselves from the first look on', async () => {
  const { look } = counted({
    kind: 'gauge',
    points: ({ fields, gauges }) => [{ fields, value: gauges?.['size'] ?? 0 }],
  });
  const gauge = { key: 'a', fields: { disk: 'a' }, gauges: { size: 7 } };
  expect(await look(Promise.resolve([gauge]))).toEqual({ a: 7 });
  expect(await look([gauge])).toEqual({ a: 7 });
});

test('the row of the whole counts what the others leave of it, also when one of them goes', async () => {
  const { look } = counted();
  const whole = (bytes: number): Row => ({ ...disk('rest', bytes), whole: true });
  await look([whole(1000), disk('a', 400)]);
  expect(await look([whole(1100), disk('a', 430)])).toEqual({ rest: 70, a: 30 });
  expect(await look([whole(1150)])).toEqual({ rest: 50 });
  // Finer units: the part has grown by more than the whole.
  await look([whole(1150), disk('b', 0)]);
  expect(await look([whole(1160), disk('b', 12)])).toEqual({ b: 12 });
});
