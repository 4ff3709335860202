import { NOW, PLAIN, V, instrumentation, serveValues, type Json } from '../testing/test-values';

const values = serveValues();

test.each([
  ['duration=0', 'duration'],
  ['duration=3601', 'duration'],
  ['duration=5abc', 'duration'],
  ['duration=1e3', 'duration'],
  ['duration=', 'duration'],
  ['duration=-0', 'duration'],
  ['start_time=-1', 'start_time'],
  ['start_time=1e999', 'start_time'],
  [`start_time=${NOW + 5}&timeout=5000`, 'start_time'],
  [`end_time=${NOW + 6}`, 'end_time'],
  [`start_time=${NOW - 10}&end_time=${NOW - 10}`, 'end_time'],
  [`start_time=${NOW - 10}&end_time=${NOW - 5}&duration=4`, 'duration'],
  [`start_time=1&end_time=${NOW}`, 'end_time'],
  ['end_time=5&duration=6', 'duration'],
  ['ndatapoints=0', 'ndatapoints'],
  ['ndatapoints=3601', 'ndatapoints'],
  ['duration=1&duration=2', 'duration'],
  [`start_time=${NOW - 4}&ndatapoints=10`, 'start_time'],
  ['timeout=5001', 'timeout'],
  ['transformations=geolocate', 'transformations'],
])('a wrong interval names its parameter: %s', async (query, field) => {
  await values.own(PLAIN);
  const { status, body } = await values.get(`${V}/1/value/raw?${query}`);
  expect(status).toBe(400);
  const { error } = body as { error: { code: string; field: string; message: string } };
  expect([error.code, error.field]).toEqual(['INVALID', field]);
  expect(error.message.startsWith(field)).toBe(true);
});

test('ndatapoints makes a list of consecutive intervals that ends with the newest complete one', async () => {
  await values.own(PLAIN);
  for (let s = 1; s <= 20; s++) values.report(PLAIN, 'a', NOW - s, { shape: 'number', number: s });
  const { body } = await values.get(`${V}/1/value/raw?ndatapoints=3&duration=2`);
  expect((body as unknown as Json[]).map((p) => [p['start_time'], p['value']])).toEqual([
    [NOW - 7, 13],
    [NOW - 5, 9],
    [NOW - 3, 5],
  ]);
  expect((await values.get(`${V}/1/value/raw?ndatapoints=1`)).body).toHaveLength(1);
});

test('intervals are widened to the granularity at both ends', async () => {
  const slow = instrumentation('3', { granularity: 60, retentionTime: 3600 });
  await values.own(slow);
  const start = Math.floor(NOW / 60) * 60 - 600;
  values.report(slow, 'a', start + 5, { shape: 'number', number: 4 });
  expect(
    (await values.get(`${V}/3/value/raw?start_time=${start + 20}&end_time=${start + 50}`)).body,
  ).toMatchObject({
    value: 4,
    start_time: start,
    duration: 60,
    end_time: start + 60,
    requested_start_time: start + 20,
    requested_duration: 30,
    requested_end_time: start + 50,
  });
  expect((await values.get(`${V}/3/value/raw?start_time=${start + 50}&duration=20`)).body).toMatchObject({
    start_time: start,
    duration: 120,
  });
});

test.each([
  // NOW is 20 s into the second of three slots.
  ['duration=60', [0], 60],
  ['duration=50', [0], 60],
  ['', [0], 60],
  ['duration=61', [-60], 120],
  ['ndatapoints=2&duration=60', [-60, 0], 60],
])(
  'without a time, the interval is the newest complete one on the granularity’s grid: %s',
  async (query, starts, length) => {
    const slow = instrumentation('3', { granularity: 60, retentionTime: 3600 });
    await values.own(slow);
    const slot = Math.floor(NOW / 60) * 60;
    values.now = 1000 * (slot + 80);
    for (const at of [-60, 0, 60]) values.report(slow, 'a', slot + at, { shape: 'number', number: 1 });
    const { body } = await values.get(`${V}/3/value/raw?${query}`);
    const points = (Array.isArray(body) ? body : [body]) as Json[];
    expect(points.map((p) => [p['start_time'], p['duration'], p['value']])).toEqual(
      starts.map((at) => [slot + at, length, length / 60]),
    );
    // The requested interval lies within the answered one.
    for (const p of points) expect(p['requested_end_time']).toBeLessThanOrEqual(p['end_time'] as number);
    for (const p of points)
      expect(p['requested_start_time']).toBeGreaterThanOrEqual(p['start_time'] as number);
  },
);

test('with a coarse granularity each of several points states its requested interval', async () => {
  const slow = instrumentation('3', { granularity: 10 });
  await values.own(slow);
  const { body } = await values.get(`${V}/3/value/raw?start_time=${NOW - 95}&duration=5&ndatapoints=3`);
  expect(
    (body as unknown as Json[]).map((p) => [p['start_time'], p['requested_start_time'], p['duration']]),
  ).toEqual([
    [NOW - 100, NOW - 95, 10],
    [NOW - 90, NOW - 85, 10],
    [NOW - 80, NOW - 75, 10],
  ]);
  const far = await values.get(`${V}/3/value/raw?start_time=${NOW - 95}&duration=5&ndatapoints=30`);
  expect([far.status, (far.body['error'] as Json)['field']]).toEqual([400, 'start_time']);
  const old = await values.get(`${V}/3/value/raw?duration=36000&ndatapoints=3600&timeout=0`);
  expect(old.status).toBe(200);
});
