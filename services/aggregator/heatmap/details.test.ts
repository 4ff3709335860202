import { LOG_GRID } from '../../../common/model/bucket';
import { HEAT, NOW, V, serveValues } from '../testing/test-values';

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);

test('details tell time, range and counts of the pixel', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, {
    a: [MS, 10],
    b: [LOG_GRID.bucketOf(1_500_000), 4, LOG_GRID.bucketOf(9_000_000), 1],
  });
  const path = `${V}/2/value/heatmap/details?start_time=${NOW - 11}&duration=10&width=100&height=50&nbuckets=5&ymax=5000000`;
  expect((await values.get(`${path}&x=95&y=35`)).body).toMatchObject({
    nbuckets: 5,
    width: 100,
    height: 50,
    bucket_time: NOW - 2,
    bucket_ymin: 1_000_000,
    bucket_ymax: 2_000_000,
    present: { a: 10, b: 4 },
    total: 14,
  });
  expect((await values.get(`${path}&x=94&y=49`)).body).toMatchObject({ present: {}, total: 0 });
});
