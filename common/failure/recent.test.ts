/* The last warnings and errors: only the newest, as they were when logged. */
import { SILENT } from '../service/log';
import { Recent, RECENT_ERRORS } from './recent';

test('warnings and errors are remembered as they were when logged, the newest of them, and all are counted', () => {
  let time = 0;
  const recent = new Recent({ now: () => time, everySecond: () => () => undefined });
  const log = recent.remembering(SILENT);
  const fields = { n: 1, password: 'x' };
  log.info({}, 'not this');
  for (time = 1; time <= RECENT_ERRORS + 3; time++) log.warn(fields, `w${time}`);
  log.error(fields, 'last');
  fields.n = 2;
  expect(recent.all).toHaveLength(RECENT_ERRORS);
  expect(recent.all.at(-1)).toEqual({
    time,
    level: 'error',
    text: 'last',
    fields: { n: 1, password: '(hidden)' },
  });
  expect(recent.all[0]?.text).toBe('w5');
  expect(recent.counts).toEqual({ warn: RECENT_ERRORS + 3, error: 1 });
});
