import { instrumentation, NOW, PLAIN, TestValues, type Json } from '../testing/test-values';
import type { Instrumentation } from '../../../common/model/instrumentation';

/** Two aggregators, and the front door's part: what `to` lacks goes there from `from`, in pieces. */
let one: TestValues;
let two: TestValues;
beforeEach(async () => {
  one = new TestValues();
  two = new TestValues();
  await Promise.all([one.open(), two.open()]);
});
afterEach(() => Promise.all([one.server.close(), two.server.close()]));

const NODES = ['a', 'b', 'c'];
const number = (n: number): { shape: 'number'; number: number } => ({ shape: 'number', number: n });

async function post(at: TestValues, what: string, json: unknown, id = '1'): Promise<Json> {
  const { status, body } = await at.get(`/ca/instrumentations/${id}/value/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  expect([what, status, body]).toEqual([what, 200, body]);
  return body;
}

async function copy(
  from: TestValues,
  to: TestValues,
): Promise<{ taken: number; left: number; pieces: number }> {
  const held = await post(to, 'held', {});
  const sum = { taken: 0, left: 0, pieces: 0 };
  for (let next: unknown = 0; next !== undefined;) {
    const piece = await post(from, 'lacking', { held, from: next });
    const { taken, left } = (await post(to, 'take', piece)) as { taken: number; left: number };
    sum.taken += taken;
    sum.left += left;
    sum.pieces++;
    next = piece['next'];
  }
  return sum;
}

async function read(
  at: TestValues,
  second: number,
): Promise<[value: unknown, expected: unknown, reporting: unknown]> {
  const { body } = await at.get(`/ca/instrumentations/1/value/raw?start_time=${second}&duration=1&timeout=0`);
  const [run] = body['completeness'] as { expected: number; reporting: number }[];
  return [body['value'], run?.expected, run?.reporting];
}

/** Values of these seconds arrive at these aggregators. */
function report(
  at: readonly TestValues[],
  from: number,
  to: number,
  i: Instrumentation = PLAIN,
  nodes = NODES,
): void {
  for (let second = from; second < to; second++) {
    for (const values of at) {
      values.now = 1000 * (second + 1);
      nodes.forEach((node, n) => {
        values.report(i, node, second, number(10 ** n));
      });
      values.aggregator.tick();
    }
  }
}

test('an aggregator that comes later gets the past, each node and second once', async () => {
  await one.own(PLAIN, NODES);
  report([one], NOW, NOW + 30);
  two.now = one.now;
  await two.own(PLAIN, NODES);
  report([one, two], NOW + 30, NOW + 35);
  expect(await read(two, NOW + 20)).toEqual([0, 3, 0]);
  expect(await copy(one, two)).toEqual({ taken: 30, left: 0, pieces: 1 });
  for (const second of [NOW, NOW + 29, NOW + 30]) expect(await read(two, second)).toEqual([111, 3, 3]);
  expect(await copy(one, two)).toEqual({ taken: 0, left: 0, pieces: 1 });
  expect(await copy(two, one)).toEqual({ taken: 0, left: 0, pieces: 1 });
  // Sent again by a node that was asked: it is known who reported.
  two.report(PLAIN, 'a', NOW + 20, number(1));
  expect(await read(two, NOW + 20)).toEqual([111, 3, 3]);
});

test('of two with different gaps each gets what the other has', async () => {
  await one.own(PLAIN, NODES);
  await two.own(PLAIN, NODES);
  report([one], NOW, NOW + 10);
  report([two], NOW + 10, NOW + 20);
  report([one, two], NOW + 20, NOW + 30);
  await copy(one, two);
  await copy(two, one);
  for (let second = NOW; second < NOW + 30; second++) {
    expect([second, await read(one, second)]).toEqual([second, [111, 3, 3]]);
    expect(await read(two, second)).toEqual(await read(one, second));
  }
});

test('a second that one has in part is replaced, never added', async () => {
  await one.own(PLAIN, NODES);
  await two.own(PLAIN, NODES);
  report([one], NOW, NOW + 5);
  report([two], NOW, NOW + 5, PLAIN, ['b']);
  expect(await copy(one, two)).toMatchObject({ taken: 5, left: 0 });
  expect(await read(two, NOW + 2)).toEqual([111, 3, 3]);
});

test('a recent second with a report that the other one lacks is left: nothing that is there is lost', async () => {
  await one.own(PLAIN, NODES);
  await two.own(PLAIN, NODES);
  report([one], NOW, NOW + 5, PLAIN, ['a', 'b']);
  report([two], NOW, NOW + 5, PLAIN, ['c']);
  expect(await copy(one, two)).toMatchObject({ taken: 0, left: 5 });
  expect(await read(two, NOW + 2)).toEqual([1, 3, 1]);
});

test('what is long over is copied in pieces, and how many nodes were asked comes with it', async () => {
  const wide = instrumentation('1', { decomposition: ['disk'], retentionTime: 3600 });
  const numbers = new Map(Array.from({ length: 900 }, (_, key) => [`${'key'.repeat(20)}${key}`, 1]));
  await one.own(wide, ['a']);
  for (let second = NOW; second < NOW + 60; second++) {
    one.now = 1000 * (second + 1);
    one.report(wide, 'a', second, { shape: 'keyed', numbers });
  }
  one.now += 5000;
  await one.own(wide, NODES); // two more nodes join
  two.now = one.now;
  await two.own(wide, NODES);
  const { taken, pieces } = await copy(one, two);
  expect([taken, pieces > 1]).toEqual([60, true]);
  const [, expected, reporting] = await read(two, NOW + 30);
  expect([expected, reporting]).toEqual([1, 1]);
});

test('what is not a copy is refused', async () => {
  await one.own(PLAIN, NODES);
  const refused = async (what: string, json: unknown, id = '1'): Promise<number> => {
    const { status } = await one.get(`/ca/instrumentations/${id}/value/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
    return status;
  };
  expect(await refused('lacking', {})).toBe(400);
  expect(await refused('lacking', { held: { slots: ['x'] }, from: 0 })).toBe(400);
  expect(await refused('take', { records: ['bm9uc2Vuc2U='], asked: [] })).toBe(400);
  expect(await refused('take', { records: [], asked: [[1]] })).toBe(400);
  expect(await refused('held', {}, '7')).toBe(404);
});
