import { HEAT, NOW, V, serveValues, type Json } from '../testing/test-values';

const values = serveValues();

test('average and percentile give a number for each second, null where nothing was counted', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 4, { a: [1, 50, 3, 50] });
  values.reportDisks('n', NOW - 2, { b: [9, 2] });
  const q = `start_time=${NOW - 4}&duration=3`;
  expect((await values.get(`${V}/2/value/heatmap/average?${q}`)).body['average']).toEqual([2, null, 9]);
  expect(
    (await values.get(`${V}/2/value/heatmap/percentile?${q}&percentile=0.5`)).body['percentile'],
  ).toEqual([2, null, 9.5]);
  expect((await values.get(`${V}/2/value/heatmap/percentile?${q}&percentile=0`)).body['percentile']).toEqual([
    1,
    null,
    9,
  ]);
  expect(
    (await values.get(`${V}/2/value/heatmap/average?${q}&selected=b&isolate=true`)).body['average'],
  ).toEqual([null, null, 9]);
});

test('of one column average and percentile are a number, as clients of the original read them', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, { b: [9, 2] });
  const averages = async (query: string): Promise<unknown> => {
    const { body } = await values.get(`${V}/2/value/heatmap/average?${query}`);
    return Array.isArray(body) ? body.map((p: Json) => p['average']) : body['average'];
  };
  expect(await averages('')).toBe(9);
  expect(await averages(`start_time=${NOW - 4}&duration=1&ndatapoints=3`)).toEqual([null, null, 9]);
  expect((await values.get(`${V}/2/value/heatmap/percentile?percentile=0`)).body['percentile']).toBe(9);
});
